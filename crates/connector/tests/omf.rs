//! The OMF sink against a server that keeps what it is sent: what arrives is what the journal held, value by value, through
//! every way in which such a server fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the double can do more than one test needs"
)]

#[path = "omf_desk/mod.rs"]
mod desk;
#[path = "omf_double/mod.rs"]
mod double;

use std::time::Duration;

use desk::Desk;
use double::{CreateMode, Double, Fault, Login, Rules, Tls};
use serde_json::{Value, json};
use tagstore::{NewStream, OwnedValue};

fn doubles(count: u32) -> impl Iterator<Item = OwnedValue> {
    (0..count).map(|n| OwnedValue::Double(f64::from(n) / 8.0))
}

/// The values that a server has of a stream, without times.
fn values(server: &Double, container: &str) -> Vec<Value> {
    server.points(container).into_iter().map(|point| point.value).collect()
}

async fn delivered(desk: &Desk) {
    let running = desk.start().await;
    desk.until_empty().await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn every_value_arrives_with_its_time_and_status() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(500));
    desk.fill("line1.Count", "UInt32", (0..500).map(OwnedValue::UInt));
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(server.points("line1.Count"), desk.expected("line1.Count"));
    assert!(server.state().requests.iter().all(|request| request.gzip), "compressed");
    let status = desk.status().unwrap();
    assert_eq!((status.delivered_total, status.quarantine_files), (1000, 0));
}

#[tokio::test]
async fn an_event_arrives_with_its_members_and_none_takes_the_place_of_another() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    let record = |id: u8| {
        let fields = json!({ "BatchNumber": { "UaType": 8, "Value": "7" } });
        let condition = json!({ "name": "High", "active": true, "acknowledged": false });
        // the identity stands first
        let rest = json!({ "severity": 700, "source_name": "Boiler", "message": "too \"hot\"", "type_name": "LimitAlarmType",
                           "condition": condition, "fields": fields });
        OwnedValue::Event(format!("{{\"event_id\":\"{id:02x}\",{}", rest.to_string().trim_start_matches("{")))
    };
    desk.fill_at_once("line1.alarms", tagstore::EVENTS, [record(1), record(2)]);
    desk.fill("line1.Level", "Double", doubles(2));
    delivered(&desk).await;
    let events: Vec<Value> = values(&server, "line1.alarms");
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["EventTime"], events[1]["EventTime"]);
    assert_ne!(events[0]["Time"], events[1]["Time"]);
    assert_eq!((&events[0]["EventId"], &events[1]["EventId"]), (&json!("01"), &json!("02")));
    assert_eq!((&events[0]["Severity"], &events[0]["Message"]), (&json!(700), &json!("too \"hot\"")));
    assert_eq!((&events[0]["Active"], &events[0]["Acknowledged"]), (&json!(true), &json!(false)));
    assert_eq!(events[0]["Fields"], "{\"BatchNumber\":{\"UaType\":8,\"Value\":\"7\"}}");
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(desk.status().unwrap().quarantine_files, 0);
}

#[tokio::test]
async fn values_are_whole_through_a_server_that_is_busy_and_one_that_forgets_to_answer() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(3000));
    // longer than the tries at once
    server.script((0..4).flat_map(|_| [Fault::status(503), Fault::ResetAfter]));
    server.script([Fault::Slow(Duration::from_millis(300))]);
    delivered(&desk).await;
    assert_eq!(server.faults_left(), 0);
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
}

#[tokio::test]
async fn a_day_of_backlog_arrives_in_requests_that_edge_data_store_takes() {
    let server = Double::start(Rules { limit: 192_000, by_message: false, ..Rules::default() });
    let desk = Desk::new(&server, "target = \"edge-data-store\"");
    for line in ["line1.Level", "line1.Flow", "line2.Level"] {
        desk.fill(line, "Double", doubles(86_400));
    }
    delivered(&desk).await;
    for line in ["line1.Level", "line1.Flow", "line2.Level"] {
        assert!(server.points(line) == desk.expected(line), "{line} differs");
    }
    let requests = server.requests("data");
    assert!(requests.iter().all(|request| request.status == 202), "none was too large");
    let largest = requests.iter().map(|request| request.bytes).max().unwrap();
    assert!((150_000..=192_000).contains(&largest), "{largest}");
}

#[tokio::test]
async fn a_server_that_takes_less_than_it_should_is_served_in_halves_and_remembered() {
    let server = Double::start(Rules { limit: 20_000, ..Rules::default() });
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(5000));
    desk.fill("line1.Flow", "Double", doubles(5000));
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(server.points("line1.Flow"), desk.expected("line1.Flow"));
    let refused = server.requests("data").iter().filter(|request| request.status == 413).count();
    assert!((1..=10).contains(&refused), "{refused} times too large");
}

#[tokio::test]
async fn one_value_that_is_too_large_is_kept_aside_and_the_others_arrive() {
    let server = Double::start(Rules { limit: 8_000, ..Rules::default() });
    let desk = Desk::new(&server, "");
    let texts = ["before".to_owned(), "x".repeat(10_000), "after".to_owned()];
    desk.fill("line1.Text", "String", texts.map(OwnedValue::Text));
    delivered(&desk).await;
    assert_eq!(values(&server, "line1.Text"), ["before", "after"]);
    let kept = desk.quarantine();
    assert_eq!((kept.len(), &kept[0]["code"]), (1, &json!(413)));
    assert_eq!(kept[0]["body"][0]["values"][0]["Value"], "x".repeat(10_000));
}

#[tokio::test]
async fn a_value_that_is_refused_for_good_is_found_and_kept_with_its_reason() {
    for by_message in [true, false] {
        let poison = Some(json!(77.5));
        let server = Double::start(Rules { by_message, poison, ..Rules::default() });
        let desk = Desk::new(&server, "");
        desk.fill("line1.Level", "Double", doubles(1000));
        desk.fill("line1.Count", "UInt32", (0..1000).map(OwnedValue::UInt));
        delivered(&desk).await;
        let mut expected = desk.expected("line1.Level");
        expected.retain(|point| point.value != json!(77.5));
        assert_eq!(expected.len(), 999);
        assert_eq!(server.points("line1.Level"), expected);
        assert_eq!(server.points("line1.Count"), desk.expected("line1.Count"));
        let kept = desk.quarantine();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!((&kept[0]["container"], &kept[0]["code"]), (&json!("line1.Level"), &json!(400)));
        assert_eq!(kept[0]["reason"], "77.5 is not taken");
        assert_eq!(kept[0]["body"][0]["values"].as_array().unwrap().len(), 1);
        let status = desk.status().unwrap();
        assert_eq!((status.quarantine_files, status.quarantined_values), (1, 1));
    }
}

#[tokio::test]
async fn a_full_quarantine_stops_the_sink_until_there_is_room() {
    let server = Double::start(Rules { poison: Some(json!("bad")), ..Rules::default() });
    let desk = Desk::new(&server, "quarantine_max_mib = 1");
    let folder = desk.data().join("quarantine").join(desk::SINK);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("old.json"), vec![b' '; 1 << 20]).unwrap();
    desk.fill("line1.Text", "String", ["good", "bad", "fine"].map(|text| OwnedValue::Text(text.to_owned())));
    let running = desk.start().await;
    let status = desk.until_failing("sink.quarantine_full").await;
    assert!(status.next_step.unwrap().to_string().contains("quarantine_max_mib"));
    std::fs::remove_file(folder.join("old.json")).unwrap();
    desk.until_empty().await;
    running.stop().await.unwrap();
    assert_eq!(values(&server, "line1.Text"), ["good", "fine"]);
    assert_eq!(desk.quarantine().len(), 1);
}

#[tokio::test]
async fn what_was_refused_can_be_looked_at_and_sent_again_when_the_reason_is_gone() {
    let server = Double::start(Rules { poison: Some(json!(2.25)), ..Rules::default() });
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(30));
    delivered(&desk).await;
    let (config, mut told) = (desk.config(), Vec::new());
    let sink = &config.sinks[0];
    let refused = connector::refused_messages(&config, sink).unwrap();
    assert_eq!((refused.len(), refused[0].values, refused[0].code), (1, 1, 400));
    assert_eq!(
        (refused[0].container.as_str(), refused[0].reason.as_str()),
        ("line1.Level", "2.25 is not taken")
    );
    connector::send_again(&config, sink, |_, refused| told.push(refused.map(str::to_owned))).unwrap();
    assert_eq!(connector::refused_messages(&config, sink).unwrap(), refused, "refused again and still there");
    server.rules().poison = None;
    connector::send_again(&config, sink, |_, refused| told.push(refused.map(str::to_owned))).unwrap();
    assert_eq!(told, [Some("2.25 is not taken".to_owned()), None]);
    assert_eq!(connector::refused_messages(&config, sink).unwrap(), []);
    let mut points = server.points("line1.Level");
    points.sort_by_key(|point| point.time.parse::<jiff::Timestamp>().unwrap());
    assert_eq!(points, desk.expected("line1.Level"));
}

#[tokio::test]
async fn a_server_that_forgot_types_and_containers_is_told_again() {
    for by_message in [true, false] {
        let server = Double::start(Rules { by_message, ..Rules::default() });
        let desk = Desk::new(&server, "");
        desk.fill("line1.Level", "Double", doubles(300));
        delivered(&desk).await;
        desk.fill("line1.Level", "Double", doubles(300));
        server.script([Fault::Forget]);
        delivered(&desk).await;
        assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
        assert_eq!(desk.quarantine(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_moves_nothing_and_is_named() {
    let page = Fault::Answer { status: 200, kind: "text/html", body: "<html>Log in</html>".to_owned() };
    let away = Fault::Answer { status: 302, kind: "text/html", body: String::new() };
    for (fault, code, told) in [
        (page, "sink.not_omf", "200 with text/html"),
        (away, "sink.not_omf", "302, a redirection"),
        (Fault::Endless, "sink.not_omf", "an answer that does not end"),
        (Fault::Garbage, "sink.unreachable", "cannot reach"),
        (Fault::status(504), "sink.busy", "cannot take anything now: 504"),
    ] {
        let server = Double::start(Rules::default());
        let desk = Desk::new(&server, "");
        desk.fill("line1.Level", "Double", doubles(10));
        // some are tried again at once
        let times = if code == "sink.not_omf" { 1 } else { 3 };
        server.script(std::iter::repeat_n(fault, times));
        let running = desk.start().await;
        let status = desk.until_failing(code).await;
        assert!(status.detail.as_ref().unwrap().contains(told), "{status:?}");
        assert_eq!(server.points("line1.Level"), []);
        desk.until_empty().await;
        running.stop().await.unwrap();
        assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    }
}

#[tokio::test]
async fn a_wrong_address_is_named() {
    let server = Double::start(Rules::default());
    let section =
        format!("kind = \"omf\"\ntarget = \"pi-web-api\"\nurl = \"{}\"\n", server.path("/elsewhere"));
    let desk = Desk::with_sink(&section);
    desk.fill("line1.Level", "Double", doubles(10));
    let running = desk.start().await;
    let status = desk.until_failing("sink.not_omf").await;
    assert!(status.next_step.unwrap().to_string().contains("/piwebapi/omf"));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_refused_password_keeps_everything_until_it_is_corrected() {
    let server = Double::start(Rules { login: Login::Basic("PLANT\\pi", "Grüße"), ..Rules::default() });
    let desk = Desk::new(&server, "user = 'PLANT\\pi'\npassword = { file = \"secret\" }");
    desk.fill("line1.Level", "Double", doubles(10));
    assert_eq!(desk.config().sinks[0].check().unwrap_err().code(), "sink.secret");
    let running = desk.start().await;
    desk.until_failing("sink.secret").await;
    desk.secret("secret", "wrong");
    let status = desk.until_failing("sink.login").await;
    assert!(status.detail.as_ref().unwrap().contains("401"), "{status:?}");
    assert!(!format!("{status:?}").contains("wrong"));
    desk.secret("secret", "Grüße");
    desk.until_empty().await;
    running.stop().await.unwrap();
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
}

#[tokio::test]
async fn a_token_is_fetched_renewed_before_its_end_and_once_when_it_is_refused() {
    let login = Login::ClientCredentials("gateway", "s3cret", 3600);
    let server = Double::start(Rules { login, ..Rules::default() });
    let token = server.path("/token");
    let desk = Desk::new(
        &server,
        &format!("token_url = \"{token}\"\nclient_id = \"gateway\"\nclient_secret = {{ file = \"secret\" }}"),
    );
    desk.secret("secret", "wrong");
    desk.fill("line1.Level", "Double", doubles(10));
    let running = desk.start().await;
    let status = desk.until_failing("sink.login").await;
    assert!(
        status.detail.as_ref().unwrap().ends_with("gave out no token: 401 (invalid_client)"),
        "{status:?}"
    );
    desk.secret("secret", "s3cret");
    desk.until_empty().await;
    running.stop().await.unwrap();
    assert_eq!((server.tokens_given(), server.requests("data").len()), (1, 1), "one token for all requests");

    // taken back in the middle: the server refuses, another one is fetched at once
    desk.fill("line1.Level", "Double", doubles(10));
    server.script([Fault::Revoke]);
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(server.tokens_given(), 3);
    assert_eq!(server.requests("data").iter().filter(|request| request.status == 401).count(), 1);

    // one that lasts a second is never used after its end
    server.rules().login = Login::ClientCredentials("gateway", "s3cret", 1);
    desk.fill("line1.Level", "Double", doubles(10));
    server.script([Fault::Slow(Duration::from_millis(600)), Fault::status(503)]);
    delivered(&desk).await;
    assert!(server.tokens_given() >= 4, "{}", server.tokens_given());
}

#[tokio::test]
async fn a_stop_and_a_crash_go_on_where_they_were() {
    let server = Double::start(Rules { mode: CreateMode::Insert, ..Rules::default() });
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(500));
    delivered(&desk).await;
    desk.fill("line1.Level", "Double", doubles(500));
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"), "nothing came twice");

    // the server took it, the answer was lost, and then the process
    desk.fill("line1.Level", "Double", doubles(100));
    server.rules().mode = CreateMode::Replace;
    server.script(std::iter::repeat_n(Fault::ResetAfter, 3));
    let running = desk.start().await;
    desk.until_failing("sink.unreachable").await;
    drop(running);
    assert_eq!(server.points("line1.Level").len(), 1100);
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
}

#[tokio::test]
async fn a_server_that_does_not_answer_does_not_hold_up_the_end() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    desk.fill("line1.Level", "Double", doubles(10));
    server.script([Fault::Slow(Duration::from_secs(55))]);
    let running = desk.start().await;
    desk.until("the request is there", || server.faults_left() == 0).await;
    let stopped = tokio::time::timeout(Duration::from_secs(30), running.stop()).await;
    assert!(stopped.is_ok(), "stop waits for the server");
}

#[tokio::test]
async fn every_kind_of_value_arrives_in_the_form_of_its_stream() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    let (text, big) = (|text: &str| OwnedValue::Text(text.to_owned()), u64::MAX);
    let array = vec![0x8b, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0xc0];
    for (stream, data_type, value, expected) in [
        ("l.Bool", "Boolean", OwnedValue::Bool(true), json!(true)),
        ("l.Byte", "Byte", OwnedValue::UInt(255), json!(255)),
        ("l.Int16", "Int16", OwnedValue::Int(-32_768), json!(-32_768)),
        ("l.Int64", "Int64", OwnedValue::Int(i64::MIN), json!(i64::MIN)),
        ("l.UInt64", "UInt64", OwnedValue::UInt(big), json!(big)),
        ("l.Float", "Float", OwnedValue::Float(0.1), json!(0.1)),
        ("l.Nan", "Double", OwnedValue::Double(f64::NAN), Value::Null),
        ("l.Null", "Int32", OwnedValue::Null, Value::Null),
        ("l.Text", "LocalizedText", text("a \"b\" \n ü \u{1f600}"), json!("a \"b\" \n ü \u{1f600}")),
        ("l.When", "UtcTime", text("2026-08-27T06:00:00.0000001Z"), json!("2026-08-27T06:00:00.0000001Z")),
        ("l.Mode", "nsu=urn:plant;i=3002", OwnedValue::Int(2), json!(2)),
        ("l.Bytes", "ByteString", OwnedValue::Bytes(vec![0, 255]), json!("00ff")),
        ("l.Array", "Double[]", OwnedValue::Bytes(array), json!("[1.5,-2.5]")),
    ] {
        desk.fill(stream, data_type, [value]);
        delivered(&desk).await;
        assert_eq!(values(&server, stream), [expected], "{stream}");
    }
    assert_eq!(desk.quarantine(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_value_of_another_kind_than_its_stream_goes_to_a_point_of_its_own() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "long_integers = \"text\"");
    let values_of_mode = [OwnedValue::Int(1), OwnedValue::Double(2.5), OwnedValue::Null, OwnedValue::Int(3)];
    desk.fill("line1.Mode", "nsu=urn:plant;i=3002", values_of_mode);
    desk.fill("line1.Total", "UInt64", [OwnedValue::UInt(u64::MAX)]);
    delivered(&desk).await;
    assert_eq!(values(&server, "line1.Mode"), [json!(1), json!(3)]);
    // what has no kind follows the value before it
    assert_eq!(values(&server, "line1.Mode~Double"), [json!(2.5), Value::Null]);
    assert_eq!(values(&server, "line1.Total"), [json!("18446744073709551615")]);
}

#[tokio::test]
async fn names_units_and_descriptions_arrive_as_pi_takes_them() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "prefix = \"plant.\"");
    let stream = |name: &str| NewStream {
        data_type: Some("Double".to_owned()),
        unit: Some("°C".to_owned()),
        description: Some(format!("the {name}; of [1]")),
        ..NewStream::default()
    };
    for name in ["line1.[PLC]Tag*", "line1.Level", "line1.LEVEL"] {
        desk.fill_stream(name, stream(name), doubles(3));
    }
    delivered(&desk).await;
    let mut names: Vec<_> =
        server.containers().iter().map(|container| container["id"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["plant.line1.%5BPLC%5DTag%2A", "plant.line1.LEVEL~3", "plant.line1.Level"]);
    assert_eq!(server.points("plant.line1.LEVEL~3"), desk.expected("line1.LEVEL"));
    let container = &server.containers()[0];
    assert_eq!(container["description"], "the line1._PLC_Tag__ of _1_");
    assert_eq!(container["propertyoverrides"]["Value"]["uom"], "°C");
}

#[tokio::test]
async fn a_unit_that_the_server_does_not_know_keeps_no_value_back() {
    for by_message in [true, false] {
        let server = Double::start(Rules { by_message, ..Rules::default() });
        let desk = Desk::new(&server, "");
        let data_type = Some("Double".to_owned());
        for (name, unit) in [("line1.Level", "furlong"), ("line1.Flow", "m³")] {
            let unit = Some(unit.to_owned());
            let stream = NewStream { data_type: data_type.clone(), unit, ..NewStream::default() };
            desk.fill_stream(name, stream, doubles(10));
        }
        delivered(&desk).await;
        assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
        assert_eq!(server.points("line1.Flow"), desk.expected("line1.Flow"));
        let units: Vec<Value> =
            server.containers().iter().map(|one| one["propertyoverrides"]["Value"]["uom"].clone()).collect();
        assert_eq!(units, [json!("m³"), Value::Null]);
        assert_eq!(desk.quarantine(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn ranges_and_the_names_of_states_arrive() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    let range = |low, high| Some(tagstore::ValueRange { low, high });
    let of = |data_type: &str| NewStream { data_type: Some(data_type.to_owned()), ..NewStream::default() };
    desk.fill_stream("l.Level", NewStream { range: range(-0.5, 100.0), ..of("Double") }, doubles(2));
    desk.fill_stream("l.Steps", NewStream { range: range(0.0, 50.0), ..of("UInt32") }, [OwnedValue::UInt(7)]);
    desk.fill_stream("l.Half", NewStream { range: range(0.5, 50.0), ..of("UInt32") }, [OwnedValue::UInt(7)]);
    let states: Vec<_> = [(0, "Stopped"), (2, "Running [fast]")]
        .map(|(value, name)| tagstore::ValueState { value, name: name.to_owned() })
        .into();
    let mode = NewStream { states: states.clone(), ..of("nsu=urn:plant;s=Mode") };
    desk.fill_stream("l.Mode", mode, [0, 2, 9, 2].map(OwnedValue::Int));
    let other = NewStream { states: states.clone(), ..of("UInt32") };
    desk.fill_stream("l.Other", other, [OwnedValue::UInt(2), OwnedValue::Null]);
    delivered(&desk).await;

    let container = |id: &str| server.containers().into_iter().find(|one| one["id"] == id).unwrap();
    let overrides = |id: &str| container(id)["propertyoverrides"]["Value"].clone();
    assert_eq!(overrides("l.Level"), json!({ "minimum": -0.5, "maximum": 100.0 }));
    assert_eq!(overrides("l.Steps"), json!({ "minimum": 0, "maximum": 50 }));
    assert_eq!(overrides("l.Half"), Value::Null);
    let enumerations: Vec<Value> =
        server.types().into_iter().filter(|kind| !kind["enum"].is_null()).collect();
    assert_eq!(enumerations.len(), 1, "one for both streams");
    let expected = json!([{ "name": "Stopped", "value": 0 }, { "name": "Running _fast_", "value": 2 }]);
    assert_eq!(enumerations[0]["enum"]["values"], expected);
    assert_eq!(container("l.Mode")["typeid"], container("l.Other")["typeid"]);
    assert_eq!(values(&server, "l.Mode"), [json!(0), json!(2), json!(2)]);
    assert_eq!(values(&server, "l.Mode~Int64"), [json!(9)], "a number without a name");
    assert_eq!(values(&server, "l.Other"), [json!(2), Value::Null]);
}

#[tokio::test]
async fn a_server_without_enumerations_gets_the_numbers() {
    for by_message in [true, false] {
        let server = Double::start(Rules { by_message, enumerations: false, ..Rules::default() });
        let desk = Desk::new(&server, "");
        let states = vec![tagstore::ValueState { value: 1, name: "On".to_owned() }];
        desk.fill_stream("l.Mode", NewStream { states, ..NewStream::default() }, [OwnedValue::Int(1)]);
        delivered(&desk).await;
        assert_eq!(values(&server, "l.Mode"), [json!(1)]);
        assert_eq!(desk.quarantine(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn names_become_a_tree_of_elements_where_that_is_wanted() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "hierarchy = true");
    for name in ["line1.Mixing.Level", "line1.Mixing.Flow", "line1.Speed", "lonely"] {
        desk.fill(name, "Double", doubles(3));
    }
    delivered(&desk).await;
    let link = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let expected = [
        link("", "line1"),
        link("line1", "line1.mixing"),
        link("line1", "|line1.Speed"),
        link("line1.mixing", "|line1.Mixing.Flow"),
        link("line1.mixing", "|line1.Mixing.Level"),
    ];
    assert_eq!(server.links(), expected);
    for name in ["line1.Mixing.Level", "lonely"] {
        assert_eq!(server.points(name), desk.expected(name));
    }
}

#[tokio::test]
async fn a_tree_that_the_server_does_not_want_stops_no_value() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "hierarchy = true");
    desk.fill("line1.Level", "Double", doubles(3));
    // the links are the first request that is not about definitions
    server.script(std::iter::repeat_n(Fault::status(500), 3));
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!((server.links(), server.faults_left()), (vec![], 0));
}

#[tokio::test]
async fn only_the_sources_that_are_named_are_sent_and_nothing_waits_for_the_others() {
    let server = Double::start(Rules::default());
    let source = "[[source]]\nname = \"line2\"\nurl = \"opc.tcp://127.0.0.1:9\"\npolicy = \"Basic256Sha256\"\nmode = \"Sign\"\n";
    let desk = Desk::new(&server, &format!("sources = [\"line2\"]\n\n{source}"));
    desk.fill("line1.Level", "Double", doubles(10));
    desk.fill("line2.Level", "Double", doubles(10));
    delivered(&desk).await;
    assert_eq!(server.points("line2.Level").len(), 10);
    assert_eq!(server.containers().len(), 1);
}

#[tokio::test]
async fn what_the_server_has_in_another_way_stays_as_it_is() {
    let server = Double::start(Rules::default());
    let desk = Desk::new(&server, "");
    let properties = json!({
        "Time": { "type": "string", "format": "date-time", "isindex": true },
        "Value": { "type": ["number", "null"], "format": "float64", "name": "Reading" },
        "Status": { "type": "integer", "format": "uint32" },
    });
    server.define_type(json!({ "id": "lockgate.UA.Double", "properties": properties }));
    server.define_container(json!({ "id": "line1.Level", "typeid": "lockgate.UA.Double", "name": "old" }));
    desk.fill("line1.Level", "Double", doubles(10));
    delivered(&desk).await;
    assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));
    assert_eq!(server.containers()[0]["name"], "old");
}

#[tokio::test]
async fn a_server_is_trusted_by_the_file_that_is_named_and_no_other() {
    for (tls, roots) in [Tls::with_authority(), Tls::self_signed()] {
        let server = Double::start_with(Rules::default(), Some(tls));
        let desk = Desk::new(&server, "ca_file = \"ca.pem\"");
        desk.write("ca.pem", &roots);
        desk.fill("line1.Level", "Double", doubles(10));
        delivered(&desk).await;
        assert_eq!(server.points("line1.Level"), desk.expected("line1.Level"));

        let stranger = Desk::new(&server, "ca_file = \"ca.pem\"");
        stranger.write("ca.pem", &Tls::with_authority().1);
        stranger.fill("line1.Other", "Double", doubles(10));
        let running = stranger.start().await;
        stranger.until_failing("sink.not_trusted").await;
        running.stop().await.unwrap();
        assert_eq!(server.points("line1.Other"), []);

        let machine = Desk::new(&server, "");
        machine.fill("line1.Other", "Double", doubles(10));
        let running = machine.start().await;
        machine.until_failing("sink.not_trusted").await;
        running.stop().await.unwrap();
    }
}
