//! Largest-Triangle-Three-Buckets (Steinarsson 2013): of many points, the few that show the same curve.

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Which of the points to keep, by number: the first, the last, and from each stretch between them the one that makes
/// the largest triangle with the one kept before and the middle of the next stretch.
pub(super) fn keep(dots: &[Dot], wanted: usize) -> Vec<usize> {
    let count = dots.len();
    if wanted >= count || count < 3 {
        return (0..count).collect();
    }
    let inner = count - 2;
    let stretches = wanted.max(2) - 2;
    let begin = |stretch: usize| 1 + (inner * stretch).checked_div(stretches).unwrap_or(inner);
    let mut kept = vec![0];
    let mut before = dots.first().copied();
    for stretch in 0..stretches {
        let (from, to) = (begin(stretch), begin(stretch + 1));
        let next = dots.get(to..begin(stretch + 2).min(count).max(to + 1)).and_then(middle);
        let (Some(a), Some(c)) = (before, next) else { break };
        let candidates = dots.iter().enumerate().take(to).skip(from);
        let best = candidates.max_by(|(_, p), (_, q)| area(a, **p, c).total_cmp(&area(a, **q, c)));
        if let Some((at, dot)) = best {
            kept.push(at);
            before = Some(*dot);
        }
    }
    kept.push(count - 1);
    kept
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "far fewer than 2^53 points fit the memory"
)]
fn middle(dots: &[Dot]) -> Option<Dot> {
    let count = dots.len() as f64;
    let sum = |pick: fn(&Dot) -> f64| dots.iter().map(pick).sum::<f64>();
    (!dots.is_empty()).then(|| Dot { x: sum(|dot| dot.x) / count, y: sum(|dot| dot.y) / count })
}

/// Twice the area, which is as good for comparing.
fn area(a: Dot, b: Dot, c: Dot) -> f64 {
    ((a.x - c.x) * (b.y - a.y) - (a.x - b.x) * (c.y - a.y)).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(values: &[f64]) -> Vec<Dot> {
        (0_u32..).zip(values).map(|(x, &y)| Dot { x: f64::from(x), y }).collect()
    }

    #[test]
    fn few_points_stay_as_they_are() {
        for count in 0..4 {
            assert_eq!(keep(&dots(&vec![1.0; count]), 3), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn ends_and_peaks_are_kept() {
        let mut values = vec![0.0; 1000];
        values[333] = 100.0;
        values[777] = -100.0;
        let kept = keep(&dots(&values), 20);
        assert_eq!(kept.len(), 20);
        for at in [0, 333, 777, 999] {
            assert!(kept.contains(&at), "{at} of {kept:?}");
        }
        assert!(kept.is_sorted());
    }

    #[test]
    fn two_points_are_the_ends() {
        assert_eq!(keep(&dots(&[1.0, 5.0, 2.0, 9.0]), 2), [0, 3]);
        assert_eq!(keep(&dots(&[1.0, 5.0, 2.0, 9.0]), 0), [0, 3]);
    }
}
