//! Definition 2 and Theorem 3: the size that is printed of the masks.

use super::*;

const MOST: u64 = 1_000_000;

pub fn prove(point: &Point) -> Result<Proof> {
    let (n, c, c1) = (point.whole("n", MOST)?, point.whole("c", MOST)?, point.whole("c1", MOST)?);
    let (left, right) = (exact::whole(n) * exact::whole(c1), exact::whole(2 * n) * exact::whole(c) * exact::whole(c));
    if left >= right {
        return Err(Error::input(format!("c = {c}, c1 = {c1}: c1 >= 2 c^2, so that the printed size is no smaller")));
    }
    Ok(Proof { hypotheses: Vec::new(), data: Vec::new(), left, right })
}
