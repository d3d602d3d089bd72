//! Counts for Prometheus, by operation and status.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper edges of the buckets of response times, in milliseconds.
const EDGES_MS: [u64; 10] = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000];

#[derive(Default)]
pub struct Metrics(Mutex<BTreeMap<&'static str, Operation>>);

#[derive(Default)]
struct Operation {
    by_status: BTreeMap<u16, u64>,
    within: [u64; EDGES_MS.len()],
    count: u64,
    micros: u64,
}

impl Metrics {
    pub fn count(&self, operation: &'static str, status: u16, elapsed: Duration) {
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = operations.entry(operation).or_default();
        *operation.by_status.entry(status).or_default() += 1;
        operation.count += 1;
        operation.micros += elapsed.as_micros() as u64;
        let reached = EDGES_MS.partition_point(|edge| elapsed > Duration::from_millis(*edge));
        for within in &mut operation.within[reached..] {
            *within += 1;
        }
    }

    /// In the text format of Prometheus.
    pub fn text(&self) -> String {
        let operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from("# TYPE aixin_requests_total counter\n");
        for (name, operation) in operations.iter() {
            for (status, count) in &operation.by_status {
                let _ = writeln!(text, "aixin_requests_total{{operation=\"{name}\",status=\"{status}\"}} {count}");
            }
        }
        text.push_str("# TYPE aixin_request_duration_seconds histogram\n");
        for (name, operation) in operations.iter() {
            let mut line = |suffix: &str, labels: &str, value: String| {
                let _ =
                    writeln!(text, "aixin_request_duration_seconds_{suffix}{{operation=\"{name}\"{labels}}} {value}");
            };
            for (edge, count) in EDGES_MS.iter().zip(operation.within) {
                line("bucket", &format!(",le=\"{}\"", seconds(edge * 1000)), count.to_string());
            }
            line("bucket", ",le=\"+Inf\"", operation.count.to_string());
            line("sum", "", seconds(operation.micros));
            line("count", "", operation.count.to_string());
        }
        text
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_in_every_bucket_that_they_fit() {
        let metrics = Metrics::default();
        metrics.count("put_exchange", 201, Duration::from_micros(1500));
        metrics.count("put_exchange", 422, Duration::from_millis(5));
        let text = metrics.text();
        assert!(text.contains("aixin_requests_total{operation=\"put_exchange\",status=\"201\"} 1\n"), "{text}");
        assert!(text.contains("_bucket{operation=\"put_exchange\",le=\"0.002000\"} 1\n"), "{text}");
        assert!(text.contains("_bucket{operation=\"put_exchange\",le=\"0.005000\"} 2\n"), "{text}");
        assert!(text.contains("_sum{operation=\"put_exchange\"} 0.006500\n"), "{text}");
    }
}
