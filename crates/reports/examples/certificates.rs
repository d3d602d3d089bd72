//! How fast certificates are made. Run it in release:
//!
//!     cargo run --release -p reports --example certificates -- 10000 2
//!
//! makes that many with that many threads, each as a file of its own, and then all of them in one file.

use std::ops::ControlFlow;
use std::time::Instant;

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use reports::documents::certificate::{Certificate, Person, Service};
use reports::documents::{Bundle, Signatures, Stamp, each};
use reports::fonts::Fonts;
use rust_decimal::Decimal;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().as_deref().unwrap_or("1000").parse()?;
    let threads = arguments.next().as_deref().unwrap_or("2").parse()?;
    let made = DateTime::parse_from_rfc3339("2026-11-22T09:30:00+08:00")?;

    let start = Instant::now();
    let fonts = Fonts::bundled()?;
    println!("fonts: {:?}", start.elapsed());

    let start = Instant::now();
    let certificates: Vec<_> = (0..count).map(certificate).collect::<Option<_>>().ok_or("no such date")?;
    println!("data: {:?}", start.elapsed());
    files(&certificates, &fonts, made, threads)?;
    bundle(&certificates, &fonts, made)
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn files(certificates: &[Certificate], fonts: &Fonts, made: DateTime<FixedOffset>, threads: usize) -> Outcome {
    let start = Instant::now();
    let (mut finished, mut bytes) = (0, 0);
    let stopped = each(certificates, fonts, made, threads, |_, file| match file {
        Ok(file) => {
            finished += 1;
            bytes += file.len();
            if finished % 1000 == 0 {
                println!("{finished} files: {:?}", start.elapsed());
            }
            ControlFlow::Continue(())
        }
        Err(error) => ControlFlow::Break(error),
    });
    match stopped {
        ControlFlow::Break(error) => Err(error.into()),
        ControlFlow::Continue(()) => {
            println!("{finished} files of {bytes} bytes by {threads} threads: {:?}", start.elapsed());
            Ok(())
        }
    }
}

fn bundle(certificates: &[Certificate], fonts: &Fonts, made: DateTime<FixedOffset>) -> Outcome {
    let start = Instant::now();
    let mut bundle = Bundle::new(fonts, "志愿服务记录证明", made)?;
    let mut pages = 0;
    for certificate in certificates {
        pages = bundle.add(certificate)?;
    }
    let file = bundle.finish()?;
    println!("one file of {pages} pages and {} bytes: {:?}", file.len(), start.elapsed());
    Ok(())
}

fn certificate(at: u32) -> Option<Certificate> {
    let first = NaiveDate::from_ymd_opt(2026, 1, 5)?;
    let service = |line: u32| Service {
        date: first + Days::new(u64::from(line) * 6),
        activity: "邻里守望".to_owned(),
        content: "上门探望独居老人，代购药品".to_owned(),
        unit: "紫阳志愿服务站".to_owned(),
        hours: Decimal::new(i64::from(10 + (at + line) % 20), 1),
    };
    let services: Vec<_> = (0..3).map(service).collect();
    // Another name for each, out of a thousand common characters.
    let name: String =
        [at % 991, at / 7 % 997, at / 3 % 983].iter().filter_map(|&n| char::from_u32(0x5e00 + n)).collect();
    Some(Certificate {
        person: Person {
            name,
            id_kind: "居民身份证".to_owned(),
            id_number: format!("3501**********{:04}", at % 10_000),
            volunteer_number: format!("FZ-ZY-{at:06}"),
            more: Vec::new(),
        },
        from: first,
        until: first + Days::new(320),
        count: 3,
        hours: services.iter().map(|service| service.hours).sum(),
        summary: "邻里守望、垃圾分类宣传、平安巡防".to_owned(),
        services,
        signatures: Signatures {
            issuer: "福州市晋安区紫阳社区居民委员会".to_owned(),
            person_in_charge: "陈国华".to_owned(),
            handler: "林䶮".to_owned(),
            contact: "0591-8765 4321".to_owned(),
            date: Some(first + Days::new(321)),
        },
        number: format!("ZY-2026-{at:06}"),
        check_code: format!("7K4P-{at:04X}"),
        verify_url: Some(format!("https://aixin.example.cn/verify/ZY-2026-{at:06}")),
        remark: String::new(),
        stamp: Stamp::Original,
    })
}
