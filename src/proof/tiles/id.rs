//! Which tile, and the one place for the grammar of their paths.

use std::fmt;
use std::str::FromStr;

use super::TILE_HEIGHT;
use crate::error::{Error, ErrorKind, Result};
use crate::proof::decimal;

/// Hashes or entries in a full tile.
pub const TILE_WIDTH_MAX: u16 = 1 << TILE_HEIGHT;

const LEVEL_MAX: u8 = 63;
const GROUP: u64 = 1000;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TileContent {
    /// Hashes of subtrees; level 0 are those of leaves.
    #[non_exhaustive]
    Hashes {
        /// How often 256 were made one, at most 63.
        level: u8,
    },
    /// The entries themselves.
    Entries,
}

/// One tile: what it holds, its place in the log, and how full it is. Its text
/// form is its path below the log's directory or URL, such as
/// `tile/0/x001/x234/067` or `tile/entries/000.p/17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    content: TileContent,
    index: u64,
    width: u16,
}

impl TileId {
    /// The tile of hashes with this level and index that holds `width` hashes.
    ///
    /// # Errors
    ///
    /// When `level` is above 63, or `width` is not from 1 to 256.
    pub fn hashes(level: u8, index: u64, width: u16) -> Result<Self> {
        if level > LEVEL_MAX {
            return Err(Error::invalid(format!("there are no tiles of level {level}")));
        }
        TileId::checked(TileContent::Hashes { level }, index, width)
    }

    /// The bundle with this index that holds `width` entries.
    ///
    /// # Errors
    ///
    /// When `width` is not from 1 to 256.
    pub fn entries(index: u64, width: u16) -> Result<Self> {
        TileId::checked(TileContent::Entries, index, width)
    }

    /// The tile as it is in a log of `size` entries; none where it is empty.
    pub fn in_log(content: TileContent, index: u64, size: u64) -> Option<Self> {
        let level = match content {
            TileContent::Hashes { level } => level,
            TileContent::Entries => 0,
        };
        let hashes = size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0);
        let before = index.checked_mul(u64::from(TILE_WIDTH_MAX))?;
        let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH_MAX)) as u16;
        TileId::checked(content, index, width).ok()
    }

    /// What it holds.
    pub fn content(&self) -> TileContent {
        self.content
    }

    /// Its place among the tiles of its kind and level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, from 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it is partial: not all of its 256 places are taken.
    pub fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH_MAX
    }

    /// The full tile that this one becomes or is.
    pub fn full(self) -> Self {
        TileId { width: TILE_WIDTH_MAX, ..self }
    }

    pub(super) fn of_valid(content: TileContent, index: u64, width: u16) -> Self {
        TileId { content, index, width }
    }

    fn checked(content: TileContent, index: u64, width: u16) -> Result<Self> {
        if width == 0 || width > TILE_WIDTH_MAX {
            return Err(Error::invalid(format!("a tile can't be {width} wide")));
        }
        Ok(TileId { content, index, width })
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            TileContent::Hashes { level } => write!(f, "tile/{level}/")?,
            TileContent::Entries => f.write_str("tile/entries/")?,
        }
        fmt_index(self.index, f)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Groups of three digits, all but the last marked with an `x`.
fn fmt_index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let groups = index.checked_ilog(GROUP).unwrap_or(0);
    for group in (1..=groups).rev() {
        write!(f, "x{:03}/", index / GROUP.pow(group) % GROUP)?;
    }
    write!(f, "{:03}", index % GROUP)
}

/// Accepts exactly the paths that the text form gives.
impl FromStr for TileId {
    type Err = Error;

    fn from_str(path: &str) -> Result<Self> {
        parse(path).filter(|tile| tile.to_string() == path).ok_or_else(|| {
            let message = format!("{path:?} is not the path of a tile, such as “tile/0/x001/067”");
            Error::new(ErrorKind::Format, message)
        })
    }
}

/// Lenient: whether there is only one such text is for the caller to see.
fn parse(path: &str) -> Option<TileId> {
    let (content, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, u16::try_from(decimal::parse(width).ok()?).ok()?),
        None => (rest, TILE_WIDTH_MAX),
    };
    let index = parse_index(index)?;
    match content {
        "entries" => TileId::entries(index, width).ok(),
        level => TileId::hashes(u8::try_from(decimal::parse(level).ok()?).ok()?, index, width).ok(),
    }
}

fn parse_index(groups: &str) -> Option<u64> {
    groups.split('/').try_fold(0_u64, |index, group| {
        let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        index.checked_mul(GROUP)?.checked_add(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |tile: Result<TileId>| tile.unwrap().to_string();
        assert_eq!(path(TileId::hashes(0, 1_234_067, 256)), "tile/0/x001/x234/067");
        assert_eq!(path(TileId::hashes(0, 273, 112)), "tile/0/273.p/112");
        assert_eq!(path(TileId::hashes(63, 0, 1)), "tile/63/000.p/1");
        assert_eq!(path(TileId::entries(999, 256)), "tile/entries/999");
        assert_eq!(path(TileId::entries(1000, 255)), "tile/entries/x001/000.p/255");
        assert_eq!(
            path(TileId::hashes(1, u64::MAX, 256)),
            "tile/1/x018/x446/x744/x073/x709/x551/615"
        );
    }

    #[test]
    fn every_path_is_read_back() {
        for index in [0, 1, 999, 1000, 999_999, 1_000_000, 1_234_067, u64::MAX] {
            for width in [1, 9, 10, 255, 256] {
                for tile in [TileId::entries(index, width), TileId::hashes(7, index, width)] {
                    let tile = tile.unwrap();
                    assert_eq!(tile.to_string().parse::<TileId>().unwrap(), tile);
                }
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/x000/001",
            "tile/0/001/067",
            "tile/0/x001",
            "tile/0/x1/067",
            "tile/0/X001/067",
            "tile/0/xx01/067",
            "tile/0/+01",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "tile/0/000.p/+1",
            "tile/0/000.p/1.p/1",
            "tile/1/x018/x446/x744/x073/x709/x551/616",
            "tile/0/../000",
            "tile/0/ 00",
            "tile/entries/x001/000.p/65537",
        ] {
            assert!(path.parse::<TileId>().is_err(), "{path}");
        }
    }

    #[test]
    fn widths_in_a_log_are_those_of_the_specification() {
        let width = |level, index, size| {
            TileId::in_log(TileContent::Hashes { level }, index, size).map(|tile| tile.width())
        };
        assert_eq!(width(0, 272, 70_000), Some(256));
        assert_eq!(width(0, 273, 70_000), Some(112));
        assert_eq!(width(0, 274, 70_000), None);
        assert_eq!(width(1, 0, 70_000), Some(256));
        assert_eq!(width(1, 1, 70_000), Some(17));
        assert_eq!(width(2, 0, 70_000), Some(1));
        assert_eq!(width(3, 0, 70_000), None);
        assert_eq!((width(0, 0, 256), width(0, 1, 256)), (Some(256), None));
        assert_eq!(width(1, 0, 256), Some(1));
        assert_eq!((width(63, 0, u64::MAX), width(0, u64::MAX, u64::MAX)), (None, None));
    }
}
