//! Values that are nobody's secret, of which many look like one at first sight.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::chance::Chance;
use crate::made::luhn;

pub(crate) struct Benign {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

const TEMPLATES: &[(&str, &str)] = &[
    ("uuid", "<8h>-<4h>-4<3h>-a<3h>-<12h>"),
    ("uuid, upper case", "<8H>-<4H>-4<3H>-8<3H>-<12H>"),
    ("uuid, plain", "<32h>"),
    ("ulid", "01J<233>"),
    ("nanoid", "<21b>"),
    ("ksuid", "2<26a>"),
    ("cuid", "c<24l>"),
    ("mongo object id", "65<22h>"),
    ("git hash", "<40h>"),
    ("git short", "commit <7h> on main"),
    ("sha256", "<64h>"),
    ("sha512", "<128h>"),
    ("md5", "md5:<32h>"),
    ("docker digest", "registry.example.org/team/app@sha256:<64h>"),
    ("order number", "ORD-2026-<6d>"),
    ("order number, plain", "order <10d>"),
    ("invoice", "INV/<4d>/<5d>"),
    ("ean", "4<12d>"),
    ("iban", "DE<2d> 3704 0044 0<3d> <4d> 00"),
    ("iban, plain", "DE<2d>370400440<9d>"),
    ("phone", "+49 731 <7d>"),
    ("phone, us", "(555) 01<1d>-<4d>"),
    ("phone, plain", "+4917<9d>"),
    ("timestamp", "2026-0<1d>-1<1d>T1<1d>:2<1d>:3<1d>.<6d>Z"),
    ("unix seconds", "17<8d>"),
    ("unix milliseconds", "17<11d>"),
    ("unix nanoseconds", "17<17d>"),
    ("price", "EUR 1.<3d>,<2d>"),
    ("version", "v1.<2d>.<1d>-rc.<1d>+build.<4d>"),
    ("path", "/var/lib/app/segments/<20d>.seg"),
    ("path, windows", r"C:\Users\build\AppData\Local\Temp\<8h>\out.log"),
    ("path in home", "~/projects/<8l>/src/lib.rs:<3d>:<2d>"),
    ("url", "https://docs.example.org/guide/<6l>?page=<2d>&lang=de#part-<1d>"),
    (
        "url with id",
        "https://app.example.org/documents/<8h>-<4h>-4<3h>-a<3h>-<12h>/edit?tab=history",
    ),
    ("url with port", "http://10.0.<2d>.7:8080/health"),
    ("url of git over ssh", "ssh://git@git.example.org/team/<6l>.git"),
    ("url of database, no password", "postgres://db.internal:5432/<6l>"),
    ("url of object", "s3://bucket-<4l>/2026/03/<8h>.parquet"),
    ("url with cursor", "https://api.example.org/items?limit=50&after=<24a>"),
    ("trace parent", "00-<32h>-<16h>-01"),
    ("trace id", "trace_id=<32h> span_id=<16h>"),
    ("pod", "ingest-worker-<10l>-<5l>"),
    ("pod, namespaced", "kube-system/coredns-<10h>-<5l>"),
    ("arn", "arn:aws:iam::<12d>:role/service-role/<8l>"),
    ("arn of lambda", "arn:aws:lambda:eu-central-1:<12d>:function:resize-<4l>:42"),
    ("arn of secret's name", "arn:aws:secretsmanager:eu-west-1:<12d>:secret:prod/db-<6a>"),
    ("aws instance", "i-0<16h>"),
    ("aws role id", "AROA<172>"),
    ("s3 key", "exports/2026/03/01/part-<5d>-<8h>.snappy.parquet"),
    ("google project", "projects/acme-<6d>/locations/europe-west3/keyRings/main"),
    ("azure resource", "/subscriptions/<8h>-<4h>-4<3h>-a<3h>-<12h>/resourceGroups/rg-1"),
    ("stripe object", "cus_<14a>"),
    ("stripe payment intent", "pi_3<23a>"),
    ("stripe publishable key", "pk_live_<24a>"),
    ("openai object", "chatcmpl-<29a>"),
    ("openai assistant", "asst_<24a>"),
    ("anthropic object", "msg_01<22a>"),
    ("tool call", "toolu_01<22a>"),
    ("slack channel", "C0<9u> by U0<9u>"),
    ("npm integrity", "sha512-<86B>=="),
    ("ssh fingerprint", "SHA256:<43B>"),
    ("ssh public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI<43B> host"),
    ("etag", "W/\"<32h>\""),
    ("ip and port", "192.168.<2d>.1<1d>:5<4d>"),
    ("ip 6", "2001:db8:<4h>:<4h>::<4h>"),
    ("mac", "02:42:<2h>:<2h>:<2h>:<2h>"),
    ("coordinates", "48.<7d>, 9.<7d>"),
    ("float", "0.<17d>"),
    ("colour", "#<6h>"),
    ("twitter snowflake", "17<17d>"),
    ("isbn", "978-3-<4d>-<4d>-<1d>"),
    ("postgres lsn", "16/<8H>"),
    ("kafka", "topic-orders-<2d>@<9d>"),
    ("scoped package", "@scope/package-<4l>@1.<2d>.0"),
    ("rust package id", "serde_json@1.0.<3d>"),
    (
        "rust symbol",
        "_ZN4core3ptr85drop_in_place$LT$std..rt..lang_start$u7b$$u7b$closure$u7d$$u7d$$GT$17h<16h>E",
    ),
    ("base32", "<522>"),
    (
        "pem of certificate",
        "-----BEGIN CERTIFICATE-----\nMIIB<60B>\n<64B>\n-----END CERTIFICATE-----",
    ),
    (
        "pem of public key",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA<43B>=\n-----END PUBLIC KEY-----",
    ),
    ("log line", "<4d>-03-01 12:00:01 INFO worker-<2d> processed 1<3d> items in 4<1d>.3ms"),
    (
        "access log",
        r#"203.0.113.<2d> - - [01/Mar/2026:10:00:00 +0000] "GET /v1/items/<6d> HTTP/1.1" 200 5<3d>"#,
    ),
    ("metrics", "tokens=1<3d> prompt_tokens=9<2d> max_tokens=4096"),
    ("sql", "SELECT id, token_count FROM usage WHERE day = '2026-03-<2d>' LIMIT <2d>"),
    ("code", "let key = map.keys().nth(<1d>).unwrap_or(&fallback);"),
    ("code, python", "def handler(event, context): return {'statusCode': 2<2d>}"),
    ("json", r#"{"id":<5d>,"name":"Tisch","tags":["holz","neu"],"price":19.<2d>}"#),
    ("debug", r#"Request { id: <5d>, user: "alice", retries: Some(<1d>), tokens: 512 }"#),
];

const SENTENCES: &[&str] = &[
    "The password was changed by its owner.",
    "Please enter your password to continue",
    "token expired",
    "invalid token: expected `;`, found `}`",
    "missing API key",
    "no secret named prod/db in namespace default",
    "The bearer of this letter is a friend of mine",
    "basic authentication is not allowed here",
    "Das Passwort muss mindestens zwölf Zeichen haben",
    "Le mot de passe a été modifié hier à 14 h 30",
    "La clave se guarda en la caja fuerte; no se muestra.",
    "пароль был изменён администратором",
    "パスワードが変更されました",
    "密码已更改，请重新登录",
    "cookie banner accepted by the visitor",
    "ask at the desk @ 5 pm, or write to @alice",
    "meet me @home or a@b",
    "unexpected token '<' in JSON at position 0",
    "the secret of success is patience",
    "key: value pairs are separated by commas",
    "authorization denied for role:reader",
    "sort key: created_at, primary key: id",
    "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
    "Tea at four; bring the blue notebook & 3 pens.",
    "cargo build --release --features journal,policy",
    "kubectl -n prod rollout status deploy/api --timeout=60s",
    "connection refused (os error 111)",
    "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds: the len is 3 but the index is 7",
    "text-embedding-3-small",
    "sk-learn, scikit-learn and sk_buff are words",
    "ghp is a prefix, npm_config_registry is a variable",
];

/// The next value; kinds come by turns.
pub(crate) fn benign(turn: usize, chance: &mut Chance) -> Benign {
    let others = turn / 4;
    match turn % 4 {
        0 => Benign { kind: "sentence", text: SENTENCES[others % SENTENCES.len()].to_owned() },
        1 if others.is_multiple_of(3) => {
            let bytes = chance.one_of([16, 20, 32, 48, 64, 200]);
            let made = chance.bytes(bytes);
            match chance.below(2) {
                0 => Benign { kind: "base64", text: STANDARD.encode(made) },
                _ => Benign { kind: "base64 for urls", text: URL_SAFE_NO_PAD.encode(made) },
            }
        }
        _ => templated(TEMPLATES[chance.below(TEMPLATES.len())], chance),
    }
}

/// What chance made into a card number would be one for everybody.
fn templated((kind, template): (&'static str, &str), chance: &mut Chance) -> Benign {
    loop {
        let (text, _) = chance.fill(template);
        if !text.split(|c: char| !c.is_ascii_digit()).any(could_be_a_card) {
            return Benign { kind, text };
        }
    }
}

fn could_be_a_card(digits: &str) -> bool {
    (12..=19).contains(&digits.len()) && luhn(digits)
}
