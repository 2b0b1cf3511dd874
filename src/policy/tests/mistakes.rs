//! What is said about mistakes in a policy.

#![expect(clippy::disallowed_methods, reason = "only the library has a filesystem gate")]

use crate::policy::{Identity, Origin, Policy, Rule};

#[test]
fn every_mistake_is_told_with_its_place_and_with_what_to_do() {
    for (text, told) in [
        ("rul = 1", "p:1:1: a policy knows no `rul`; did you mean `rule`?"),
        (
            "[[rule]]\nname = \"a\"\n  operaton = \"X\"",
            "p:3:3: a rule knows no `operaton`; did you mean `operation`?",
        ),
        ("[[rule]]\nzzz = 1", "p:2:1: a rule knows no `zzz`; it knows `name`, `target`"),
        ("[[rule]]\ntarget = 5", "p:2:10: this is a number; give a text in quotes"),
        (
            "[[rule]]\nlevel = \"inof\"",
            "p:2:9: `inof` is none of the choices; did you mean `info`?",
        ),
        (
            "[[rule]]\ndetail = \"x\"",
            "p:2:10: `x` is none of the choices; give one of `none`, `metadata`, `full`",
        ),
        (
            "[[rule]]\nwhere = { \"é\" = \"x\", b = { is = [[]] } }",
            "p:2:34: this is a list; give a text, a number, true or false",
        ),
        ("[[rule]]\nwhere = { a = {} }", "p:2:15: this condition compares nothing"),
        ("[[rule]]\noperation = \" \"", "p:2:13: an operation needs a name"),
        ("[[rule]]\noperation = { from = \"a\" }", "p:2:13: no value has a name"),
        ("[[rule]]\noperation = { map = { a = \"A\" } }", "p:2:13: this names no field"),
        ("[[rule]]\nuser = {}", "p:2:8: this comes from nowhere"),
        ("[[rule]]\noutcome = [{ field = \"a\" }]", "p:2:12: this case says nothing; give `status"),
        ("[[rule]]\noutcome = [{ status = \"failure\" }]", "p:2:12: this case never holds"),
        (
            "[[rule]]\noutcome = [{ status = \"fail\", event = \"x\" }]",
            "p:2:23: `fail` is none of the choices; did you mean `failure`?",
        ),
        ("[[rule]]\nredact = { a = \"truncate\" }", "p:2:16: cut to how many bytes?"),
        ("[[rule]]\nredact = { a = \"truncate:x\" }", "p:2:16: this is no number of bytes"),
        ("[[rule]]\nname = \"x\"", "p:1:1: the rule `x` does nothing"),
        ("[[rule]]\noperation = \"X\"", "p:1:1: the rule `rule 1` matches every span"),
        (
            "sets = [\"tower-htp\"]",
            "p:1:9: there is no set of rules called `tower-htp`; did you mean `tower-http`?",
        ),
        (
            "[redact.detectors]\nmail = \"mask\"",
            "p:2:8: there is no detector called `mail`; there are `bearer`",
        ),
        (
            "[redact]\nnames = { a = \"hide\" }",
            "p:2:15: `hide` is none of the choices; give one of `drop`, `mask`, `hash`, `keep`, `truncate:BYTES`",
        ),
        (
            "[[rule]]\nspan = \"\"\noperation = \"X\"",
            "p:1:1: the rule `rule 1` asks for what never is: `span` is empty; leave it out",
        ),
        (
            "[[rule]]\ntarget = \"\"\nignore = true",
            "p:1:1: the rule `rule 1` asks for what never is: `target`",
        ),
        (
            "[[rule]]\nfields = [\"\"]\noperation = \"X\"",
            "p:1:1: the rule `rule 1` asks for what never is: `fields` has an empty name",
        ),
        (
            "[[rule]]\nwhere = { a = [] }\noperation = \"X\"",
            "p:1:1: the rule `rule 1` asks for what never is: `a` gives no value",
        ),
        (
            "[[rule]]\nwhere = { a = { at_least = nan } }\noperation = \"X\"",
            "p:1:1: the rule `rule 1` asks for what never is: `a` compares with what is no number",
        ),
        (
            "[[rule]]\nspan = \"a\"\noperation = \"X\"\noutcome = [{ field = \"b\", is = [], status = \"failure\" }]",
            "p:1:1: the rule `rule 1` asks for what never is: `b` gives no value",
        ),
        ("a = ", "p:1:"),
        ("rule = 3", "p:1:8: this is a number; give a list"),
    ] {
        let error = Policy::from_toml(text, "p").unwrap_err().to_string();
        assert!(error.starts_with(told), "{text}\n told: {error}\n not:  {told}");
    }
    let twice = "[[rule]]\nname = \"a\"\nspan = \"a\"\noperation = \"A\"\n[[rule]]\nname = \"a\"\nspan = \"b\"\noperation = \"A\"";
    let error = Policy::from_toml(twice, "p").unwrap_err().to_string();
    assert!(error.starts_with("p:5:1: a rule before is called `a`"), "{error}");
    let rule = || Rule::new("a").span("a").operation("A");
    assert!(
        Policy::new([rule(), rule()]).unwrap_err().to_string().contains("two rules are called `a`")
    );
}

#[test]
fn a_policy_comes_from_a_file_or_from_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.toml");
    let text = "sets = [\"opendal\"]";
    std::fs::write(&path, text).unwrap();
    let expected = Policy::from_toml(text, "p").unwrap().digest();
    assert_eq!(Policy::from_path(&path).unwrap().digest(), expected);
    assert_eq!(Policy::from_variable(path.to_str().unwrap()).unwrap().digest(), expected);
    assert_eq!(Policy::from_variable(text).unwrap().digest(), expected);
    std::fs::write(&path, "sets = [1]").unwrap();
    let error = Policy::from_path(&path).unwrap_err().to_string();
    assert!(error.contains("audit.toml:1:9: "), "{error}");
    let exactly = format!("{text}\n#{}", "x".repeat((1 << 20) - text.len() - 2));
    std::fs::write(&path, &exactly).unwrap();
    assert_eq!(Policy::from_path(&path).unwrap().digest(), expected);
    std::fs::write(&path, exactly + "é").unwrap();
    let error = Policy::from_path(&path).unwrap_err();
    assert!(error.to_string().ends_with("it is longer than 1 MiB"), "{error}");
    let error = Policy::from_path(directory.path().join("none.toml")).unwrap_err();
    assert!(error.to_string().contains("cannot be read") && error.path().is_some());
}

#[test]
fn what_was_never_recorded_is_no_condition() {
    for (text, told) in [
        (
            "[[rule]]\nspan = \"a\"\noperation = \"X\"\noutcome = [{ field = \"error\", recorded = false, status = \"success\" }]",
            "p:4:42: only `recorded = true` can be asked for",
        ),
        (
            "[[rule]]\nwhere = { a = { at_least = 1, recorded = false } }\noperation = \"X\"",
            "p:2:42: only `recorded = true` can be asked for",
        ),
    ] {
        let error = Policy::from_toml(text, "p").unwrap_err().to_string();
        assert!(error.starts_with(told), "{text}\n told: {error}\n not:  {told}");
    }
    let recorded = "[[rule]]\nspan = \"a\"\noperation = \"X\"\noutcome = [{ field = \"error\", recorded = true, status = \"failure\" }]";
    assert!(Policy::from_toml(recorded, "p").is_ok());
}

#[test]
fn who_acts_comes_from_somewhere() {
    for (identity, told) in [
        ("user = []", "p:3:8: this comes from nowhere; give `field`, `fields` or `otherwise`"),
        (
            "user = \"\"",
            "p:1:1: the rule `rule 1` asks for what never is: `user` has a field without a name",
        ),
        (
            "entry_ids = [\"id\", \"\"]",
            "p:1:1: the rule `rule 1` asks for what never is: `entry_ids`",
        ),
        (
            "actor = { otherwise = \"\" }",
            "p:1:1: the rule `rule 1` asks for what never is: `actor`",
        ),
    ] {
        let text = format!("[[rule]]\nspan = \"a\"\n{identity}\noperation = \"X\"");
        let error = Policy::from_toml(&text, "p").unwrap_err().to_string();
        assert!(error.starts_with(told), "{text}\n told: {error}\n not:  {told}");
    }
    let nobody = Rule::new("a").span("a").identity(Identity::User, Origin::fields([""; 0]));
    let error = Policy::new([nobody]).unwrap_err().to_string();
    assert!(error.contains("`user` comes from nowhere"), "{error}");
}

#[test]
fn a_set_that_does_not_go_with_the_rest_is_told_with_its_place() {
    for (text, told) in [
        (
            "sets = [\"opendal\", \"gen-ai\", \"opendal\"]",
            "p:1:30: the set `opendal` is here twice; name it once",
        ),
        (
            "sets = [\"opendal\"]\n[[rule]]\nname = \"opendal write\"\nspan = \"a\"\noperation = \"X\"",
            "p:1:9: a rule of the file is called `opendal write`, as one of the set `opendal` is; give it another name",
        ),
    ] {
        let error = Policy::from_toml(text, "p").unwrap_err().to_string();
        assert_eq!(error, told, "{text}");
    }
}

#[test]
fn an_empty_variable_names_no_policy() {
    for empty in ["", "  "] {
        let error = Policy::from_variable(empty).unwrap_err();
        assert!(error.is_invalid_input());
        let told = error.to_string();
        assert!(told.starts_with("TRACING_AUDIT_POLICY is empty; "), "{told}");
    }
}
