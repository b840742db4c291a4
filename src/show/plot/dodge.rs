//! Where points that would hide each other stand beside each other, in pixels.

/// What a point covers: its place, and from where to where its marker and its bar reach upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// The place along the horizontal axis.
    pub x: f64,
    /// The upper end.
    pub top: f64,
    /// The lower end.
    pub bottom: f64,
    /// How far its marker reaches to either side.
    pub half: f64,
    /// The series, which orders points that stand beside each other.
    pub series: usize,
}

/// The distance of markers that stand beside each other, where there is room.
pub const APART: f64 = 10.0;
/// How far apart the first and the last of them may be: beyond, they would read as other places.
pub const WIDEST: f64 = 4.0 * APART;
/// The part of the way to the next places that points may take.
const SHARE: f64 = 0.7;
/// Markers nearer to each other than this part of what would keep them apart hide each other.
const TOLERATED: f64 = 0.85;
/// Places closer than this are one.
const SAME: f64 = 0.5;

/// How far each spot stands from its place, along an axis of `room` pixels. Spots move only where another covers them, and
/// stay nearer to their own place than to the next one. Where `all` is set, spots of one place always stand side by side.
pub fn offsets(spots: &[Spot], room: f64, all: bool) -> Vec<f64> {
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_by(|a, b| spots[*a].x.total_cmp(&spots[*b].x).then(spots[*a].top.total_cmp(&spots[*b].top)));
    let mut offsets = vec![0.0; spots.len()];
    let groups: Vec<&[usize]> = order.chunk_by(|a, b| spots[*b].x - spots[*a].x < SAME).collect();
    for (i, group) in groups.iter().enumerate() {
        let here = spots[group[0]].x;
        let before = i.checked_sub(1).map_or(room, |before| here - spots[groups[before][0]].x);
        let after = groups.get(i + 1).map_or(room, |after| spots[after[0]].x - here);
        let room = SHARE * before.min(after).min(room);
        for mut cluster in clusters(spots, group, all) {
            cluster.sort_by_key(|index| spots[*index].series);
            let widest = if all { f64::INFINITY } else { WIDEST / (cluster.len().max(2) - 1) as f64 };
            let apart = cluster.iter().map(|index| 2.0 * spots[*index].half).fold(APART, f64::max);
            let step = apart.min(room / cluster.len() as f64).min(widest);
            let middle = 0.5 * (cluster.len() - 1) as f64;
            for (rank, index) in cluster.into_iter().enumerate() {
                offsets[index] = (rank as f64 - middle) * step;
            }
        }
    }
    offsets
}

/// Whether markers hide each other in spite of their offsets.
pub fn is_crowded(spots: &[Spot], offsets: &[f64]) -> bool {
    let mut moved: Vec<Spot> =
        spots.iter().zip(offsets).map(|(spot, offset)| Spot { x: spot.x + offset, ..*spot }).collect();
    moved.sort_by(|a, b| a.x.total_cmp(&b.x));
    let near = |a: &Spot, b: &Spot| b.x - a.x < TOLERATED * (a.half + b.half);
    let meet = |a: &Spot, b: &Spot| a.top < b.bottom && b.top < a.bottom;
    (0..moved.len()).any(|i| {
        let (spot, next) = (&moved[i], &moved[i + 1..]);
        next.iter().take_while(|other| near(spot, other)).any(|other| meet(spot, other))
    })
}

/// The spots of one place, sorted from above, in heaps that cover each other.
fn clusters(spots: &[Spot], group: &[usize], all: bool) -> Vec<Vec<usize>> {
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    let mut reach = f64::NEG_INFINITY;
    for index in group {
        match clusters.last_mut() {
            Some(cluster) if all || spots[*index].top < reach => cluster.push(*index),
            _ => clusters.push(vec![*index]),
        }
        reach = reach.max(spots[*index].bottom);
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(x: f64, top: f64, bottom: f64, series: usize) -> Spot {
        Spot { x, top, bottom, half: 4.0, series }
    }

    #[test]
    fn what_is_covered_stands_beside() {
        // Two that coincide, and one far above them.
        let spots = [spot(50.0, 90.0, 100.0, 1), spot(50.0, 90.0, 100.0, 0), spot(50.0, 10.0, 20.0, 2)];
        assert_eq!(offsets(&spots, 200.0, false), [5.0, -5.0, 0.0]);
        // A bar that reaches to a marker is covered too.
        let spots = [spot(50.0, 10.0, 95.0, 0), spot(50.0, 90.0, 100.0, 1)];
        assert_eq!(offsets(&spots, 200.0, false), [-5.0, 5.0]);
        assert_eq!(offsets(&[spot(50.0, 0.0, 1.0, 0), spot(50.0, 9.0, 10.0, 1)], 200.0, true), [-5.0, 5.0]);
        assert!(offsets(&[], 200.0, false).is_empty());
    }

    #[test]
    fn rings_stand_clear_of_each_other() {
        let ring = |series| Spot { half: 5.9, ..spot(50.0, 90.0, 100.0, series) };
        let (spots, room) = ([ring(0), ring(1)], 200.0);
        let placed = offsets(&spots, room, false);
        assert!((placed[1] - placed[0] - 11.8).abs() < 1e-9);
        assert!(!is_crowded(&spots, &placed));
        // Where the next place is near there is no room for that.
        let spots = [ring(0), ring(1), Spot { x: 58.0, ..ring(0) }];
        assert!(is_crowded(&spots, &offsets(&spots, room, false)));
        assert!(is_crowded(&spots[..2], &[0.0, 0.0]));
        assert!(!is_crowded(&[spots[0], spot(50.0, 10.0, 20.0, 1)], &[0.0, 0.0]));
    }

    #[test]
    fn points_stay_nearest_to_their_own_place() {
        let spots: Vec<Spot> = (0..400).map(|i| spot(f64::from(i / 200) * 20.0, 0.0, 10.0, i as usize % 200)).collect();
        for (spot, offset) in spots.iter().zip(offsets(&spots, 200.0, false)) {
            assert!(offset.abs() < 10.0 * SHARE, "{spot:?} {offset}");
        }
    }
}
