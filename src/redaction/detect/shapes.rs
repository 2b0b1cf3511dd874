//! The shapes that providers give to their keys and tokens, from what they
//! publish about them.
//!
//! A shape is a prefix, the characters that follow, and how many there are at
//! the least. Which texts may begin with one is decided by their first three
//! bytes, before any is compared.

use super::bytes::{ALNUM, HEX, NAME, TOKEN, WIDE};

/// How the keys of a provider look.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    /// The class of the characters that follow.
    pub(super) body: u8,
    pub(super) body_bytes_min: usize,
    /// What follows has digits as well as letters: the prefix alone could begin
    /// a name that people made up.
    pub(super) mixed: bool,
}

const fn shape(prefix: &'static str, body: u8, body_bytes_min: usize) -> Shape {
    Shape { prefix, body, body_bytes_min, mixed: false }
}

const fn mixed(prefix: &'static str, body: u8, body_bytes_min: usize) -> Shape {
    Shape { prefix, body, body_bytes_min, mixed: true }
}

/// In the order of their prefixes' first letters; longer ones before those
/// that they begin with.
#[rustfmt::skip]
static SHAPES: &[Shape] = &[
    // Cloud providers.
    shape("AKIA", ALNUM, 16), shape("ASIA", ALNUM, 16), shape("ABIA", ALNUM, 16), shape("ACCA", ALNUM, 16),
    shape("IQoJb3JpZ2luX2Vj", WIDE, 60), shape("FwoGZXIvYXdz", WIDE, 60),
    shape("ABSK", WIDE, 60), shape("bedrock-api-key-", WIDE, 40),
    shape("AIza", TOKEN, 32), shape("ya29.", TOKEN, 20), shape("1//0", TOKEN, 40), shape("GOCSPX-", TOKEN, 24),
    shape("dop_v1_", HEX, 60), shape("doo_v1_", HEX, 60), shape("dor_v1_", HEX, 60),
    shape("LTAI", ALNUM, 16), shape("AQVN", TOKEN, 34), shape("HRKU-", TOKEN, 30),
    shape("fm1_", WIDE, 40), shape("fm1r_", WIDE, 40), shape("fm2_", WIDE, 40), shape("fo1_", TOKEN, 40),
    shape("dapi", HEX, 32), shape("doapi", HEX, 32), shape("tskey-", TOKEN, 20), shape("pul-", HEX, 40),
    shape("hvs.", TOKEN, 20), shape("hvb.", TOKEN, 20), shape("hvr.", TOKEN, 20),
    shape("v1.0-", NAME, 100), shape("cfut_", TOKEN, 30), shape("cfat_", TOKEN, 30), shape("cfk_", TOKEN, 30),
    // Code, packages and builds.
    shape("ghp_", ALNUM, 30), shape("gho_", ALNUM, 30), shape("ghu_", ALNUM, 30), shape("ghs_", NAME, 30),
    shape("ghr_", ALNUM, 30), shape("github_pat_", TOKEN, 40),
    shape("glpat-", NAME, 20), shape("gldt-", TOKEN, 20), shape("glrt-", NAME, 20), shape("glrtr-", TOKEN, 20),
    shape("glcbt-", TOKEN, 20), shape("glptt-", TOKEN, 20), shape("glft-", TOKEN, 20), shape("glimt-", TOKEN, 20),
    shape("glagent-", TOKEN, 20), shape("gloas-", TOKEN, 20), shape("glsoat-", TOKEN, 20), shape("glffct-", TOKEN, 20),
    shape("GR1348941", TOKEN, 20),
    shape("ATBB", ALNUM, 28), shape("ATATT3", WIDE, 60), shape("ATCTT3", WIDE, 60), shape("BBDC-", TOKEN, 36),
    shape("npm_", ALNUM, 36), shape("pypi-AgE", TOKEN, 50), shape("rubygems_", HEX, 48), mixed("cio", ALNUM, 32),
    mixed("oy2", ALNUM, 43), shape("dckr_pat_", TOKEN, 20), shape("dckr_oat_", TOKEN, 20),
    shape("CCIPAT_", TOKEN, 30), shape("CCIPRJ_", TOKEN, 30), shape("bkua_", HEX, 40), shape("AKCp", ALNUM, 60),
    shape("PMAK-", TOKEN, 40), shape("figd_", TOKEN, 30), shape("sgp_", TOKEN, 32), shape("sqp_", ALNUM, 30),
    shape("squ_", ALNUM, 30), shape("sqa_", ALNUM, 30), shape("lin_api_", ALNUM, 30), shape("lin_oauth_", ALNUM, 30),
    shape("ntn_", ALNUM, 36), mixed("secret_", ALNUM, 40), shape("CFPAT-", TOKEN, 40),
    shape("vercel_", ALNUM, 24), shape("vcp_", ALNUM, 24), shape("nfp_", ALNUM, 30),
    shape("dp.pt.", ALNUM, 36), shape("dp.st.", NAME, 36), shape("dp.ct.", ALNUM, 36), shape("dp.sa.", ALNUM, 36),
    shape("pnu_", ALNUM, 30), shape("EZAK", ALNUM, 50), shape("EZTK", ALNUM, 50),
    // Language models.
    shape("sk-ant-", TOKEN, 20), shape("sk-proj-", TOKEN, 20), shape("sk-svcacct-", TOKEN, 20),
    shape("sk-admin-", TOKEN, 20), shape("sk-or-v1-", HEX, 40), mixed("sk-", TOKEN, 20), mixed("sess-", ALNUM, 36),
    mixed("hf_", ALNUM, 30), shape("api_org_", ALNUM, 30), mixed("gsk_", ALNUM, 40), mixed("r8_", ALNUM, 34),
    mixed("xai-", ALNUM, 40), mixed("pplx-", ALNUM, 40), mixed("pcsk_", TOKEN, 40), mixed("tgp_v1_", TOKEN, 30),
    mixed("fw_", ALNUM, 22), mixed("lsv2_", TOKEN, 40), mixed("nvapi-", TOKEN, 40), mixed("csk-", ALNUM, 40),
    // Money and shops.
    shape("sk_live_", ALNUM, 16), shape("sk_test_", ALNUM, 16), shape("rk_live_", ALNUM, 16), shape("rk_test_", ALNUM, 16),
    mixed("whsec_", WIDE, 24), shape("sq0atp-", TOKEN, 20), shape("sq0csp-", TOKEN, 30), shape("sq0idp-", TOKEN, 20),
    shape("EAAA", TOKEN, 56), shape("shpat_", HEX, 32), shape("shpca_", HEX, 32), shape("shppa_", HEX, 32),
    shape("shpss_", HEX, 32), shape("shptka_", HEX, 32), shape("access_token$production$", WIDE, 30),
    shape("live_", HEX, 34), shape("FLWSECK_", TOKEN, 12), shape("FLWSECK-", TOKEN, 12), shape("rzp_live_", ALNUM, 14),
    // Messages.
    shape("xoxb-", TOKEN, 20), shape("xoxp-", TOKEN, 20), shape("xoxa-", TOKEN, 20), shape("xoxr-", TOKEN, 20),
    shape("xoxs-", TOKEN, 20), shape("xoxo-", TOKEN, 20), shape("xoxe-", TOKEN, 20), shape("xoxe.xox", TOKEN, 20),
    shape("xoxc-", TOKEN, 20), shape("xoxd-", WIDE, 20), shape("xapp-", TOKEN, 20),
    shape("hooks.slack.com/services/", WIDE, 40), shape("discord.com/api/webhooks/", WIDE, 60),
    shape("discordapp.com/api/webhooks/", WIDE, 60),
    shape("SG.", NAME, 40), shape("key-", HEX, 32), shape("EAAC", ALNUM, 50), shape("EAAB", ALNUM, 50),
    shape("xkeysib-", TOKEN, 60), shape("xsmtpsib-", TOKEN, 60), mixed("re_", TOKEN, 24), shape("tfp_", TOKEN, 40),
    // Observability and data.
    shape("NRAK-", ALNUM, 20), shape("NRII-", TOKEN, 20), shape("NRJS-", HEX, 16), shape("NRRA-", HEX, 30),
    shape("glsa_", TOKEN, 30), shape("glc_", WIDE, 30), shape("sntrys_", WIDE, 40), shape("sntryu_", HEX, 60),
    shape("phx_", ALNUM, 30), shape("phc_", ALNUM, 30), shape("pscale_tkn_", TOKEN, 30), shape("pscale_pw_", TOKEN, 30),
    shape("pscale_oauth_", TOKEN, 30), shape("sbp_", HEX, 40), shape("sb_secret_", TOKEN, 20), shape("napi_", ALNUM, 40),
    shape("lakekey", ALNUM, 30), shape("pat.", NAME, 60), mixed("pat", NAME, 79), shape("shub_", TOKEN, 30),
    // People's own.
    shape("AGE-SECRET-KEY-1", ALNUM, 50), shape("ops_ey", WIDE, 100), shape("xprv", ALNUM, 100),
    shape("SK0", HEX, 31), shape("SK1", HEX, 31), shape("SK2", HEX, 31), shape("SK3", HEX, 31), shape("SK4", HEX, 31),
    shape("SK5", HEX, 31), shape("SK6", HEX, 31), shape("SK7", HEX, 31), shape("SK8", HEX, 31), shape("SK9", HEX, 31),
    shape("SKa", HEX, 31), shape("SKb", HEX, 31), shape("SKc", HEX, 31), shape("SKd", HEX, 31), shape("SKe", HEX, 31),
    shape("SKf", HEX, 31),
];

/// The shapes that `text` may begin with.
pub(super) fn shapes(text: &[u8]) -> impl Iterator<Item = &'static Shape> {
    let following = |index: u8| NEXT.get(usize::from(index)).copied();
    let first = text.first().and_then(|byte| FIRST.get(usize::from(*byte))).copied();
    std::iter::successors(first, move |index| following(*index))
        .map_while(|index| SHAPES.get(usize::from(index)))
        .filter(move |shape| text.starts_with(shape.prefix.as_bytes()))
}

/// Behind the last shape.
const NONE: u8 = u8::MAX;

/// The first shape that begins with a byte.
static FIRST: [u8; 256] = chains().0;

/// Of each shape, the next one that begins with the same byte.
static NEXT: [u8; SHAPES.len()] = chains().1;

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn chains() -> ([u8; 256], [u8; SHAPES.len()]) {
    assert!(SHAPES.len() < NONE as usize, "their numbers have a byte");
    let (mut first, mut next) = ([NONE; 256], [NONE; SHAPES.len()]);
    let mut index = SHAPES.len();
    while index > 0 {
        index -= 1;
        let byte = SHAPES[index].prefix.as_bytes()[0] as usize;
        next[index] = first[byte];
        first[byte] = index as u8;
    }
    (first, next)
}

const FILTER_BITS: usize = 1 << 13;

/// Two filters of the same prefixes: what passes one by chance is stopped by the
/// other, with few exceptions.
static FILTERS: [[u64; FILTER_BITS / 64]; 2] = [filter(FACTORS[0]), filter(FACTORS[1])];

const FACTORS: [u32; 2] = [0x9E37_79B1, 0x85EB_CA77];

/// Whether a shape or a web token may begin at `index`; `false` is certain.
#[inline]
pub(super) fn may_begin(bytes: &[u8], index: usize) -> bool {
    let Some([first, second, third]) = bytes.get(index..).and_then(|rest| rest.first_chunk())
    else {
        return false;
    };
    FILTERS.iter().zip(FACTORS).all(|(filter, factor)| {
        let bit = filter_bit([*first, *second, *third], factor);
        filter.get(bit / 64).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    })
}

const fn filter_bit([first, second, third]: [u8; 3], factor: u32) -> usize {
    let mixed = (first as u32) << 16 | (second as u32) << 8 | third as u32;
    (mixed.wrapping_mul(factor) >> 19) as usize % FILTER_BITS
}

#[allow(
    clippy::indexing_slicing,
    reason = "iterators are not const; prefixes have three bytes or more"
)]
const fn filter(factor: u32) -> [u64; FILTER_BITS / 64] {
    let mut filter = [0; FILTER_BITS / 64];
    let mut index = 0;
    while index < SHAPES.len() {
        let prefix = SHAPES[index].prefix.as_bytes();
        let bit = filter_bit([prefix[0], prefix[1], prefix[2]], factor);
        filter[bit / 64] |= 1 << (bit % 64);
        index += 1;
    }
    let bit = filter_bit(*b"eyJ", factor);
    filter[bit / 64] |= 1 << (bit % 64);
    filter
}

#[cfg(test)]
mod tests {
    use super::super::signs::KEY_BYTES_MIN;
    use super::*;

    #[test]
    fn every_shape_passes_the_filter_and_few_others_do() {
        for shape in SHAPES {
            assert!(may_begin(shape.prefix.as_bytes(), 0), "{}", shape.prefix);
            let found: Vec<_> = shapes(shape.prefix.as_bytes()).map(|found| found.prefix).collect();
            let all = SHAPES.iter().filter(|other| shape.prefix.starts_with(other.prefix));
            assert_eq!(found, all.map(|other| other.prefix).collect::<Vec<_>>());
            assert!(shape.prefix.len() + shape.body_bytes_min >= KEY_BYTES_MIN);
        }
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let passed = digits
            .iter()
            .flat_map(|a| digits.map(|b| [*a, b]))
            .flat_map(|ab| digits.map(|c| [ab[0], ab[1], c]))
            .filter(|text| may_begin(text, 0) && shapes(text).next().is_none())
            .count();
        assert!(passed < 36 * 36 * 36 / 100, "{passed}");
    }
}
