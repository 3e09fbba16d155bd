//! Prometheus' text format, version 0.0.4.

use crate::gauges::SinceStart;
use std::fmt::{Display, Write as _};

pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text that grows by one metric after the other.
#[derive(Default)]
pub struct Exposition {
    text: String,
}

/// Names and values beside a metric's name.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Exposition {
    pub fn text(self) -> String {
        self.text
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: impl Display) {
        // A string takes whatever is written to it.
        let _ = writeln!(self.text, "{line}");
    }

    fn sample(&mut self, name: &str, labels: Labels<'_>, value: f64) {
        self.line(format_args!("{name}{} {}", in_braces(labels), number(value)));
    }

    /// Only grows, while the process lives. Its name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.counters(name, help, &[(&[], value)]);
    }

    pub fn counters(&mut self, name: &str, help: &str, values: &[(Labels<'_>, f64)]) {
        self.head(name, "counter", help);
        values.iter().for_each(|(labels, value)| self.sample(name, labels, *value));
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.gauges(name, help, &[(&[], value)]);
    }

    pub fn gauges(&mut self, name: &str, help: &str, values: &[(Labels<'_>, f64)]) {
        self.head(name, "gauge", help);
        values.iter().for_each(|(labels, value)| self.sample(name, labels, *value));
    }

    /// What was counted in whole numbers, of which so many make one of the metric's unit.
    pub fn histogram(&mut self, name: &str, help: &str, it: &SinceStart, in_one: f64) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (edge, count) in &it.up_to {
            self.sample(&bucket, &[("le", &number(*edge as f64 / in_one))], *count as f64);
        }
        self.sample(&bucket, &[("le", "+Inf")], it.count as f64);
        self.sample(&format!("{name}_sum"), &[], it.sum as f64 / in_one);
        self.sample(&format!("{name}_count"), &[], it.count as f64);
    }
}

fn in_braces(labels: Labels<'_>) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let all: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", all.join(","))
}

/// Rust writes numbers as the format wants them, but for what is none.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauges::Histogram;

    #[test]
    fn the_text_is_that_of_the_format() {
        let mut it = Exposition::default();
        it.counter("a_total", "How\nmany \\ of them.", 3.0);
        it.gauges("b", "Each.", &[(&[("name", "售\"前\\\n"), ("id", "7")], 0.5), (&[("name", "")], -2.0)]);
        it.gauge("c", "None.", f64::NAN);
        it.gauge("d", "No end.", f64::INFINITY);
        let histogram = Histogram::default();
        [1, 2, 3, 900].into_iter().for_each(|us| histogram.note(us, 1, 0));
        it.histogram("e_seconds", "Time.", &histogram.since_start(0..=2), 1e6);
        let expected = r#"# HELP a_total How\nmany \\ of them.
# TYPE a_total counter
a_total 3
# HELP b Each.
# TYPE b gauge
b{name="售\"前\\\n",id="7"} 0.5
b{name=""} -2
# HELP c None.
# TYPE c gauge
c NaN
# HELP d No end.
# TYPE d gauge
d +Inf
# HELP e_seconds Time.
# TYPE e_seconds histogram
e_seconds_bucket{le="0.000001"} 1
e_seconds_bucket{le="0.000002"} 2
e_seconds_bucket{le="0.000004"} 3
e_seconds_bucket{le="+Inf"} 4
e_seconds_sum 0.000906
e_seconds_count 4
"#;
        assert_eq!(it.text(), expected);
    }
}
