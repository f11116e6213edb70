//! From what people write to node ids.

use plant::{Limits, Practice};
use ua_client::{AttributeId, BrowseFilter, NodeAddress, NodeId, Session, Unresolved};

use crate::site::{COUNTERS, Site};

async fn resolve(session: &Session, texts: &[&str]) -> Vec<Result<NodeId, Unresolved>> {
    let addresses: Vec<NodeAddress> = texts.iter().map(|text| text.parse().unwrap()).collect();
    session.resolve(&addresses).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_found_in_whatever_form_it_was_written() {
    let site = Site::start().await;
    let session = site.connect().await;
    let forms = [
        "ns=2;s=Plant.Filling.Line1.Filler1.Speed",
        "nsu=urn:lockgate:plant:model;s=Plant.Filling.Line1.Filler1.Speed",
        "/Objects/2:Plant/2:Filling/2:Line1/2:Filler1.2:Speed",
        "<Organizes>Objects<HierarchicalReferences>2:Plant/2:Filling/2:Line1/2:Filler1/2:Speed",
    ];
    let expected = NodeId::new(2, "Plant.Filling.Line1.Filler1.Speed");
    for (form, found) in forms.iter().zip(resolve(&session, &forms).await) {
        assert_eq!(found, Ok(expected.clone()), "{form}");
    }
    let namespaces = session.namespaces().await.unwrap();
    assert_eq!(namespaces.express(&expected), forms[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_be_found_harms_no_other() {
    let site = Site::start().await;
    let session = site.connect().await;
    let texts =
        ["/Objects/2:Plant", "/Objects/2:Nowhere", "nsu=urn:nobody;i=1", "/Objects/2:Plant.2:StartTime"];
    let found = resolve(&session, &texts).await;
    assert_eq!(found[0], Ok(NodeId::new(2, "Plant")));
    assert_eq!(found[1].clone().unwrap_err().to_string(), "the path leads to no node (BadNoMatch)");
    assert_eq!(found[2], Err(Unresolved::UnknownNamespace { uri: "urn:nobody".to_owned() }));
    assert_eq!(found[3], Ok(NodeId::new(2, "Plant.StartTime")));
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_nodes_can_be_read_and_given_back() {
    let site = Site::start().await;
    let session = site.connect().await;
    let nodes = [NodeId::new(2, "Plant.StartTime"), NodeId::new(2, "Counter0001")];
    let registered = session.register_nodes(&nodes).await.unwrap();
    assert_eq!(registered.len(), 2);
    let questions: Vec<_> = registered.iter().map(|node| (node.clone(), AttributeId::Value)).collect();
    for value in session.read(&questions).await.unwrap() {
        assert!(value.value.is_some(), "{value:?}");
    }
    session.unregister_nodes(&registered).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_few_continuation_points_is_browsed_whole_with_several_requests_under_way() {
    let mut limits = Limits::default();
    (limits.operations, limits.references_per_node, limits.continuation_points) = (3, 2, 2);
    let site = Site::start_to_practise(Practice { limits: Some(limits), ..Practice::default() }).await;
    let session = site.connect().await;
    assert_eq!(session.operation_limits().max_browse_continuation_points, 2);
    let folders = ["Plant", "Plant.Counters", "Plant.Mixing.Line1.Mixer1", "Plant.Filling.Line1.Filler1"];
    let nodes: Vec<NodeId> = (0..40).map(|place| NodeId::new(2, folders[place % folders.len()])).collect();
    let mut met = Vec::new();
    let found = session.browse_each(&nodes, &BrowseFilter::default(), |place, _| met.push(place)).await;
    let counts: Vec<usize> = found.unwrap().into_iter().map(Result::unwrap).collect();
    let expected: Vec<usize> = (0..40).map(|place| [4, COUNTERS, 5, 5][place % folders.len()]).collect();
    assert_eq!(counts, expected);
    assert_eq!(met.len(), expected.iter().sum::<usize>(), "each reference is handed over once");
}
