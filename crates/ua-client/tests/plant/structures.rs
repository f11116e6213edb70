//! Structures, enumerations, arrays and matrices, explained by the server.

use plant::{Practice, Specimens};
use ua_client::types::{VariableId, Variant};
use ua_client::{AttributeId, Decoded, NodeId, Session, value_json};

use crate::site::Site;

async fn site() -> Site {
    Site::start_to_practise(Practice { specimens: Specimens::All, ..Practice::default() }).await
}

/// The value of a specimen, opened with the help of its data type.
async fn specimen(session: &Session, name: &str) -> (Variant, Decoded) {
    let node = NodeId::new(2, format!("Plant.Specimens.{name}"));
    let questions = [(node.clone(), AttributeId::Value), (node, AttributeId::DataType)];
    let mut answers = session.read(&questions).await.unwrap();
    let Some(Variant::NodeId(data_type)) = answers.pop().unwrap().value else { panic!("{name}") };
    let value = answers.pop().unwrap().value.unwrap();
    let decoded = session.decode(&value, Some(&data_type)).await.unwrap();
    (value, decoded)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_is_opened_field_by_field() {
    let site = site().await;
    let session = site.connect().await;
    let (_, decoded) = specimen(&session, "Report").await;
    let Decoded::Structure(report) = decoded.clone() else { panic!("{decoded:?}") };
    assert_eq!(report.type_name, "BatchReport");
    let Some(Decoded::Value(Variant::Int64(k))) = report.field("Number") else { panic!("{report:?}") };
    let modes = ["Stopped", "Manual", "Automatic"];
    let mode = k.rem_euclid(3);
    let name = Some(modes[usize::try_from(mode).unwrap()].to_owned());
    assert_eq!(report.field("Mode"), Some(&Decoded::Enumeration { value: mode, name }));
    let remark = report.field("Remark").unwrap();
    if k % 2 == 0 {
        assert_eq!(*remark, Decoded::Value(Variant::String(format!("batch {k}").into())));
    } else {
        assert_eq!(*remark, Decoded::Absent);
    }
    let json = value_json(&decoded, &session.namespaces().await.unwrap());
    assert_eq!(json["Number"], k.to_string());
    assert_eq!(json["Weights"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enumeration_an_array_and_a_matrix_are_shown_as_what_they_are() {
    let site = site().await;
    let session = site.connect().await;
    let namespaces = session.namespaces().await.unwrap();
    let (value, decoded) = specimen(&session, "Mode").await;
    let Variant::Int32(number) = value else { panic!("{value:?}") };
    let text = value_json(&decoded, &namespaces);
    assert!(text.as_str().unwrap().ends_with(&format!("_{number}")), "{text}");
    let profile = value_json(&specimen(&session, "Profile").await.1, &namespaces);
    assert_eq!(profile.as_array().unwrap().len(), 4);
    let grid = value_json(&specimen(&session, "Grid").await.1, &namespaces);
    let rows: Vec<usize> = grid.as_array().unwrap().iter().map(|row| row.as_array().unwrap().len()).collect();
    assert_eq!(rows, [3, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn structures_of_the_standard_are_known_without_asking() {
    let site = site().await;
    let session = site.connect().await;
    let status = (NodeId::from(VariableId::Server_ServerStatus), AttributeId::Value);
    let value = session.read(&[status]).await.unwrap().pop().unwrap().value.unwrap();
    let json = value_json(&session.decode(&value, None).await.unwrap(), &session.namespaces().await.unwrap());
    assert_eq!(json["State"], "Running_0");
    assert_eq!(json["BuildInfo"]["ProductName"], "lockgate");
}
