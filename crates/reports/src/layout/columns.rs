//! How wide the columns of a table are.

/// Shares a width among columns that would like to be as wide as `wanted`. If there is enough for all,
/// what is left over goes to each in proportion; if not, narrow columns keep what they want and the
/// wide ones share the rest evenly, since their text can be broken.
pub(crate) fn share(wanted: &[f32], available: f32) -> Vec<f32> {
    let sum: f32 = wanted.iter().sum();
    if sum <= 0.0 {
        return wanted.to_vec();
    }
    if sum <= available {
        return wanted.iter().map(|want| want * available / sum).collect();
    }
    let mut ascending = wanted.to_vec();
    ascending.sort_by(f32::total_cmp);
    let mut rest = available;
    let mut limit = available;
    for (at, want) in ascending.iter().enumerate() {
        limit = rest / f32::from(u16::try_from(ascending.len() - at).unwrap_or(u16::MAX));
        if *want > limit {
            break;
        }
        rest -= want;
    }
    wanted.iter().map(|want| want.min(limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn what_is_left_over_goes_to_all() {
        assert_eq!(share(&[10.0, 30.0], 80.0), [20.0, 60.0]);
    }

    #[test]
    fn narrow_columns_keep_what_they_want() {
        assert_eq!(share(&[10.0, 500.0, 20.0, 900.0], 130.0), [10.0, 50.0, 20.0, 50.0]);
        assert_eq!(share(&[500.0, 900.0], 100.0), [50.0, 50.0]);
    }

    #[test]
    fn the_columns_never_need_more_than_there_is() {
        for wanted in [vec![5.0, 90.0, 45.0, 200.0], vec![33.0, 34.0, 50.0], vec![1.0, 1.0, 1.0, 300.0]] {
            let shared: f32 = share(&wanted, 100.0).iter().sum();
            assert!((shared - 100.0).abs() < 0.1, "{wanted:?} {shared}");
        }
    }
}
