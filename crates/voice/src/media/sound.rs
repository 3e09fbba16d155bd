//! Sound as numbers: 8,000 a second, in one channel.

use crate::sip::sdp::Codec;
use std::{f32::consts::TAU, io::Cursor, sync::Arc};

pub const RATE: u32 = 8000;
/// A packet's worth, 20 ms.
pub const FRAME: usize = 160;

/// Something that can be played.
#[derive(Clone, Debug)]
pub struct Sound(pub Arc<[i16]>);

impl Sound {
    /// A WAV of 16 bits, whatever its rate; of two channels both are heard.
    pub fn read(wav: &[u8]) -> Result<Self, hound::Error> {
        let mut reader = hound::WavReader::new(Cursor::new(wav))?;
        let spec = reader.spec();
        // A rate that nothing records at would make of a small file an endless sound.
        let fits = (4_000..=192_000).contains(&spec.sample_rate) && spec.channels > 0;
        if spec.bits_per_sample != 16 || spec.sample_format != hound::SampleFormat::Int || !fits {
            return Err(hound::Error::Unsupported);
        }
        let all: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>()?;
        let one: Vec<i32> = all
            .chunks_exact(spec.channels.into())
            .map(|it| it.iter().map(|sample| i32::from(*sample)).sum::<i32>() / i32::from(spec.channels))
            .collect();
        Ok(Self(at_our_rate(&one, spec.sample_rate).into()))
    }

    pub fn silence() -> Self {
        Self([0; FRAME].into())
    }

    /// A sine of so many hertz.
    pub fn tone(hertz: f32, ms: u32) -> Self {
        let samples = RATE / 1000 * ms;
        Self((0..samples).map(|at| (8000.0 * (TAU * hertz * at as f32 / RATE as f32).sin()) as i16).collect())
    }

    /// Music to wait by: slow broken chords, made here, so that nobody's rights are touched.
    pub fn music() -> Self {
        const CHORDS: [[f32; 4]; 4] = [
            [261.6, 329.6, 392.0, 523.3],
            [220.0, 261.6, 329.6, 440.0],
            [174.6, 220.0, 261.6, 349.2],
            [196.0, 246.9, 293.7, 392.0],
        ];
        let note = RATE as usize / 2;
        let mut samples = vec![0.0f32; note * 16];
        for (index, hertz) in CHORDS.iter().flatten().enumerate() {
            for at in 0..note * 2 {
                let seconds = at as f32 / RATE as f32;
                let swell = (seconds * 12.0).min(1.0) * (-2.2 * seconds).exp();
                let wave = (TAU * hertz * seconds).sin() + 0.3 * (TAU * 2.0 * hertz * seconds).sin();
                // The last notes ring into the first ones: it is played round and round.
                let place = (index * note + at) % samples.len();
                samples[place] += 3500.0 * swell * wave;
            }
        }
        Self(samples.into_iter().map(|it| it as i16).collect())
    }
}

/// Every sample of ours is the mean of those that lie in its time, or between its neighbours: enough for speech on a line.
fn at_our_rate(samples: &[i32], rate: u32) -> Vec<i16> {
    let count = (samples.len() as u64 * u64::from(RATE) / u64::from(rate.max(1))) as usize;
    let step = f64::from(rate) / f64::from(RATE);
    (0..count)
        .map(|index| {
            let from = index as f64 * step;
            let last = samples.len() - 1;
            let mean = if step > 1.0 {
                let window =
                    &samples[from as usize..=((from + step) as usize - 1).clamp(from as usize, last)];
                window.iter().sum::<i32>() as f64 / window.len() as f64
            } else {
                let (left, part) = (from as usize, from.fract());
                f64::from(samples[left]) * (1.0 - part) + f64::from(samples[(left + 1).min(last)]) * part
            };
            mean as i16
        })
        .collect()
}

/// G.711, by the formulas of the recommendation.
pub fn encode(codec: Codec, samples: &[i16], out: &mut Vec<u8>) {
    out.clear();
    out.extend(samples.iter().map(|sample| match codec {
        Codec::Pcmu => to_mu(*sample),
        Codec::Pcma => to_a(*sample),
    }));
}

pub fn decode(codec: Codec, byte: u8) -> i16 {
    match codec {
        Codec::Pcmu => from_mu(byte),
        Codec::Pcma => from_a(byte),
    }
}

fn to_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = (i32::from(sample).abs().min(32_635) + 132) as u32;
    let exponent = 24 - size.leading_zeros();
    let mantissa = (size >> (exponent + 3)) & 15;
    !(sign | (exponent << 4 | mantissa) as u8)
}

fn from_mu(byte: u8) -> i16 {
    let byte = !byte;
    let size = ((i32::from(byte & 15) << 3) + 132) << ((byte >> 4) & 7);
    (if byte & 0x80 != 0 { 132 - size } else { size - 132 }) as i16
}

fn to_a(sample: i16) -> u8 {
    let (sign, size) = if sample < 0 { (0, !sample >> 4) } else { (0x80, sample >> 4) };
    let size = size as u32;
    let code = if size < 32 {
        size
    } else {
        let exponent = 28 - size.leading_zeros();
        exponent << 4 | (size >> (exponent - 1)) & 15
    };
    (code as u8 | sign) ^ 0x55
}

fn from_a(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, i16::from(byte & 15) << 4);
    let size = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    if byte & 0x80 != 0 { size } else { -size }
}

/// From one law to the other.
pub fn convert(from: Codec, to: Codec, payload: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if from == to {
        out.extend_from_slice(payload);
    } else {
        out.extend(payload.iter().map(|byte| match to {
            Codec::Pcmu => to_mu(decode(from, *byte)),
            Codec::Pcma => to_a(decode(from, *byte)),
        }));
    }
}

/// How strong a tone of so many hertz is in what was heard, against all of it: 1 for the pure tone, near 0 for others
/// (Goertzel's way).
pub fn strength(samples: &[i16], hertz: f32) -> f32 {
    let whole: f32 = samples.iter().map(|it| f32::from(*it) * f32::from(*it)).sum();
    if whole == 0.0 {
        return 0.0;
    }
    let turn = 2.0 * (TAU * hertz / RATE as f32).cos();
    let (last, before) =
        samples.iter().fold((0.0f32, 0.0f32), |(one, two), it| (f32::from(*it) + turn * one - two, one));
    let power = last * last + before * before - turn * last * before;
    2.0 * power / (whole * samples.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_05_g711_gives_the_values_of_the_recommendation() {
        // G.711, tables 1 and 2: the ends, the middle, and the first steps.
        for (sample, mu) in [(0i16, 0xFF), (32_124, 0x80), (-32_124, 0x00), (-8, 0x7E), (8, 0xFE)] {
            assert_eq!(to_mu(sample), mu, "{sample}");
            assert_eq!(from_mu(mu), sample);
        }
        for (sample, a) in [(8i16, 0xD5), (-8, 0x55), (32_256, 0xAA), (-32_256, 0x2A)] {
            assert_eq!(to_a(sample), a, "{sample}");
            assert_eq!(from_a(a), sample);
        }
        for sample in i16::MIN..=i16::MAX {
            let bound = i32::from(sample).abs() / 16 + 34;
            for back in [from_mu(to_mu(sample)), from_a(to_a(sample))] {
                let error = (i32::from(back) - i32::from(sample)).abs();
                assert!(error <= bound, "{sample} came back as {back}");
            }
        }
    }

    #[test]
    fn sys_05_a_tone_is_told_from_others() {
        let tone = Sound::tone(440.0, 500);
        assert!(strength(&tone.0, 440.0) > 0.98);
        assert!(strength(&tone.0, 1000.0) < 0.01);
        assert_eq!(strength(&[0; 800], 440.0), 0.0);
    }

    #[test]
    fn sys_05_a_prompt_of_another_rate_sounds_the_same() {
        for rate in [8000u32, 16_000, 44_100] {
            let spec = hound::WavSpec {
                channels: 2,
                sample_rate: rate,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut wav = Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut wav, spec).expect("memory takes it");
            for at in 0..rate / 2 {
                let sample = (8000.0 * (TAU * 500.0 * at as f32 / rate as f32).sin()) as i16;
                writer.write_sample(sample).expect("memory takes it");
                writer.write_sample(sample).expect("memory takes it");
            }
            writer.finalize().expect("memory takes it");
            let sound = Sound::read(wav.get_ref()).expect("a WAV");
            assert!((3995..=4000).contains(&sound.0.len()), "{rate}: {}", sound.0.len());
            assert!(strength(&sound.0, 500.0) > 0.9, "{rate}");
        }
        assert!(Sound::read(b"no audio").is_err());
        let mut slow =
            b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x01\0\0\0\x02\0\0\0\x02\0\x10\0".to_vec();
        slow.extend(b"data\x08\0\0\0\0\0\0\0\0\0\0\0");
        assert!(Sound::read(&slow).is_err(), "one sample a second is no sound");
    }
}
