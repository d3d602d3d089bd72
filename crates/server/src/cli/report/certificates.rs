//! `aixin report certificates` and `aixin report campaign`: certificates for many.

use super::batch::{Sink, Target, require};
use crate::clock::wall_clock;
use crate::papers::{Press, Printed, Printing, local};
use crate::settings::Settings;
use anyhow::{Context, bail};
use chrono::{DateTime, FixedOffset, NaiveDate};
use reports::layout::Picture;
use scheme::certificates::{self, Body, Certificate, CertificateError, Issued, Of, Order, Paper, Served};
use scheme::{OpenScheme, Operator, Role, pictures};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Certificates that are issued together.
const TOGETHER: usize = 500;

/// Certificates of service (志愿服务记录证明) for all who served in a period
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report certificates --scheme ziyang --from 2025-01-01 --until 2025-12-31 --handler 王芳 --folder 2025\n\nThe same call again issues nothing twice, and makes only the files that are missing."
)]
pub struct Args {
    /// The first day that they certify
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,

    /// The last day
    #[arg(long, value_name = "DATE")]
    until: NaiveDate,

    /// Printed under 其他
    #[arg(long)]
    purpose: Option<String>,

    /// Without the services one by one
    #[arg(long)]
    brief: bool,

    #[command(flatten)]
    whom: Whom,
}

/// Certificates of a campaign for all who served in its days
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  aixin report campaign --scheme ziyang --campaign 0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11 --handler 王芳 --output campaign.pdf"
)]
pub struct CampaignArgs {
    /// Id of the campaign
    #[arg(long, value_name = "ID")]
    campaign: Uuid,

    #[command(flatten)]
    whom: Whom,
}

#[derive(clap::Args)]
struct Whom {
    /// Code of the scheme
    #[arg(long, value_name = "SCHEME")]
    scheme: String,

    /// Code of a unit: only those who serve in it and in what is below it
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,

    /// Only those with at least so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 0)]
    min_hours: u32,

    /// Who issues them (经办人): printed, and kept in the register
    #[arg(long, value_name = "NAME")]
    handler: String,

    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    printing: Printing,

    #[command(flatten)]
    settings: Settings,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    let schemes = args.whom.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.whom.scheme).await?;
    let Args { from, until, purpose, brief, whom } = args;
    let today = scheme.config().day_of(wall_clock());
    if until > today {
        bail!("{until} is not over yet: certify up to {today}");
    }
    let said = format!("certificate {from} {until} {brief} {}", purpose.as_deref().unwrap_or_default());
    let order = |served: &Served| Order {
        id: Uuid::new_v5(&served.volunteer_id, said.as_bytes()),
        purpose: purpose.clone(),
        ..plain(served.volunteer_id, Of::Record { from, until, detailed: !brief })
    };
    issue(&scheme, &whom, (from, until), "志愿服务记录证明", &order).await?;
    schemes.close().await;
    Ok(())
}

pub async fn campaign(args: CampaignArgs) -> anyhow::Result<()> {
    let schemes = args.whom.settings.open(Arc::new(wall_clock)).await?;
    let scheme = schemes.get(&args.whom.scheme).await?;
    let campaign = certificates::campaign(&scheme, args.campaign).await?;
    let (id, design) = (campaign.id, campaign.design);
    let order = |served: &Served| Order {
        id: Uuid::new_v5(&served.volunteer_id, id.as_bytes()),
        ..plain(served.volunteer_id, Of::Campaign { campaign_id: id, fields: BTreeMap::new() })
    };
    issue(&scheme, &args.whom, (design.from, design.until), &design.title, &order).await?;
    schemes.close().await;
    Ok(())
}

fn plain(volunteer_id: Uuid, of: Of) -> Order {
    let (applied_on, applicant, purpose, remark, id_number, replaces) = (None, None, None, None, None, None);
    Order { id: volunteer_id, volunteer_id, of, applied_on, applicant, purpose, remark, id_number, replaces }
}

async fn issue(
    scheme: &OpenScheme,
    whom: &Whom,
    period: (NaiveDate, NaiveDate),
    title: &str,
    order: &(dyn Fn(&Served) -> Order + Sync),
) -> anyhow::Result<()> {
    let press = Press::new(&whom.printing)?;
    let fonts = press.fonts()?;
    if let Some(unit) = whom.unit.as_deref().filter(|unit| !unit.is_empty())
        && scheme.organisation().await?.unit(unit).is_none()
    {
        bail!("the scheme has no unit {unit:?}");
    }
    let least = i64::from(whom.min_hours) * 60;
    let served = certificates::served(scheme, period, whom.unit.as_deref(), least).await?;
    require(served.iter().map(|one| (one.number.as_str(), one.name.as_str())))?;
    let by = clerk(&whom.handler);
    let made = local(&scheme.config(), wall_clock());
    let mut sink = whom.target.open(title, made, served.len())?;
    let (mut issued, mut refused, mut backgrounds) = (0, 0, HashMap::new());
    for some in served.chunks(TOGETHER) {
        let orders: Vec<Order> = some.iter().map(order).collect();
        let printable = |paper: &Paper| Printed::check(paper, fonts);
        let results = certificates::issue(scheme, &orders, press.public_url(), &printable, &by, wall_clock()).await?;
        let mut good = Vec::with_capacity(results.len());
        for (one, result) in some.iter().zip(results) {
            match result {
                Ok(Issued { certificate, replayed }) => {
                    issued += usize::from(!replayed);
                    good.push(certificate);
                }
                Err(error) => {
                    refused += 1;
                    eprintln!("aixin: {}: {}", one.number, why(&error));
                }
            }
        }
        print(scheme, &mut sink, &good, &mut backgrounds).await?;
    }
    let place = sink.finish()?;
    println!("{} certificates, {issued} of them new: {}", served.len() - refused, place.display());
    if refused > 0 {
        bail!("{refused} certificates were not issued");
    }
    Ok(())
}

/// What is wrong with each value, where values are wrong.
fn why(error: &CertificateError) -> String {
    match error {
        CertificateError::Invalid(flaws) => {
            flaws.iter().map(|flaw| format!("{}: {}", flaw.field, flaw.detail)).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// Whoever sits at the keyboard.
fn clerk(name: &str) -> Operator {
    let key = Uuid::new_v5(&Uuid::nil(), format!("command line {name}").as_bytes());
    Operator { person: name.to_owned(), ..Operator::machine(key, Role::SchemeAdmin, name) }
}

/// Those that were issued at one moment are made together: the moment stands in the file.
async fn print(
    scheme: &OpenScheme,
    sink: &mut Sink,
    certificates: &[Certificate],
    backgrounds: &mut HashMap<String, Picture>,
) -> anyhow::Result<()> {
    let config = scheme.config();
    let mut groups: BTreeMap<DateTime<FixedOffset>, (Vec<String>, Vec<Printed>)> = BTreeMap::new();
    for certificate in certificates {
        if !sink.wants(&certificate.number) {
            sink.skip();
            continue;
        }
        if let Body::Honour { design, .. } = &certificate.paper.body
            && let Some(digest) = design.background.as_ref().filter(|digest| !backgrounds.contains_key(*digest))
        {
            let (_, bytes) = pictures::content(scheme, digest).await.context("the picture of the campaign")?;
            backgrounds.insert(digest.clone(), Picture::read(bytes)?);
        }
        let printed = Printed::new(certificate, None, backgrounds, &config)?;
        let (names, papers) = groups.entry(local(&config, certificate.issued_at)).or_default();
        names.push(certificate.number.clone());
        papers.push(printed);
    }
    for (made, (names, papers)) in groups {
        sink.take(&names, &papers, made)?;
    }
    Ok(())
}
