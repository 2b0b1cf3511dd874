use ::opendal::layers::TracingLayer;
use ::opendal::{ErrorKind, Operator, services};

use crate::recording;

#[tokio::test]
async fn operations_carry_paths_and_close_alike_whether_they_worked_or_not() {
    let (recorder, _default) = recording();
    let storage = Operator::new(services::Memory::default()).unwrap().layer(TracingLayer::new());
    storage.write("notes/a.txt", "tea at four").await.unwrap();
    storage.read("notes/a.txt").await.unwrap();
    let missing = storage.read("notes/missing").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    storage.list("notes/").await.unwrap();
    storage.stat("notes/missing").await.unwrap_err();
    storage.copy("notes/a.txt", "notes/b.txt").await.unwrap_err();
    storage.delete("notes/a.txt").await.unwrap();

    let spans = recorder.spans();
    assert!(spans.iter().all(|span| span.target == "opendal_layer_tracing"));
    assert!(spans.iter().all(|span| span.level == "DEBUG" && span.closed.is_some()));
    assert!(spans.iter().all(|span| span.events.is_empty()));
    for (name, path) in [("write", "notes/a.txt"), ("list", "notes/"), ("stat", "notes/missing")] {
        let [span] = &recorder.named(name)[..] else { panic!("{name}: {spans:#?}") };
        assert_eq!(span.declared, ["path", "args"]);
        assert_eq!(span.values["path"], path);
    }
    let [found, missing] = &recorder.named("read")[..] else { panic!("{spans:#?}") };
    assert_eq!(found.values["path"], "notes/a.txt");
    assert_eq!(missing.values["path"], "notes/missing");
    assert_eq!(found.declared, missing.declared);
    assert_eq!(found.values["args"], missing.values["args"]);
    assert!(recorder.named("reader.open").iter().all(|span| span.parent == Some("read")));
    assert_eq!(recorder.named("copy")[0].declared, ["from", "to", "args"]);
    assert_eq!(recorder.named("delete")[0].declared, [""; 0]);
}
