//! Statistics and the yearly statement as papers and files.

use super::{Format, fonts, hours, points, unit_name};
use chrono::{DateTime, FixedOffset};
use reports::documents::report::Report;
use reports::documents::table::{Cell, Chart, ChartKind, Column, Kind, Table};
use reports::documents::{Signatures, chinese_date, pdf};
use reports::formats::{csv, html, xlsx};
use scheme::OpenScheme;
use scheme::config::Scheme;
use scheme::rankings::Period;
use scheme::statistics::{AgeBand, Answered, Statement, Statistics, Total};
use scheme::units::Organisation;

/// A report as a file.
pub fn file(report: &Report, format: Format, made: DateTime<FixedOffset>) -> anyhow::Result<Vec<u8>> {
    Ok(match format {
        Format::Pdf => pdf(report, fonts()?, made)?,
        Format::Xlsx => xlsx::workbook(report, made)?,
        Format::Csv => csv::lists(report)?,
        Format::Html => html::tables(report)?.into_bytes(),
    })
}

/// What the tables of one scheme share.
struct Press<'s> {
    config: &'s Scheme,
    organisation: &'s Organisation,
    /// Code and name of each team.
    teams: &'s [(String, String)],
    about: Vec<String>,
}

/// The statistics of some months, a table for each way to look at them.
pub fn statistics(
    scheme: &OpenScheme,
    organisation: &Organisation,
    teams: &[(String, String)],
    found: &Statistics,
) -> Report {
    let config = scheme.config();
    let press = Press { config: &config, organisation, teams, about: about(&config, organisation, found) };
    let mut tables = vec![press.key_figures(found)];
    tables.extend(press.details(found));
    Report { title: format!("{}志愿服务统计", span(found)), tables }
}

/// The statement that is published each year (Order 67 of the Ministry of Civil Affairs, Art. 18).
pub fn statement(
    scheme: &OpenScheme,
    organisation: &Organisation,
    teams: &[(String, String)],
    found: &Statement,
) -> Report {
    let config = scheme.config();
    let statistics = &found.statistics;
    let press = Press { config: &config, organisation, teams, about: about(&config, organisation, statistics) };
    let mut tables = vec![press.work_of_the_year(found)];
    tables.extend(press.details(statistics));
    Report { title: format!("{}年志愿服务记录与证明出具工作年度报告", found.year), tables }
}

fn about(config: &Scheme, organisation: &Organisation, found: &Statistics) -> Vec<String> {
    let whom = match found.scope.unit.as_deref() {
        Some(unit) => format!("{} · {}", config.name, unit_name(organisation, Some(unit))),
        None => config.name.clone(),
    };
    let checked =
        if found.reconciled.holds() { "与账本核对相符" } else { "与账本核对不符，请先核查" };
    vec![whom, format!("{}　截至账本第 {} 号分录，{checked}", span(found), found.as_of)]
}

fn span(found: &Statistics) -> String {
    let scope = &found.scope;
    let year = Period::Year(chrono::Datelike::year(&scope.from));
    if (year.first_day(), year.last_day()) == (scope.from, scope.until) {
        return format!("{}年", chrono::Datelike::year(&scope.from));
    }
    format!("{}至{}", chinese_date(scope.from), chinese_date(scope.until))
}

/// 2026-11
fn month_name(month: Period) -> String {
    month.first_day().format("%Y-%m").to_string()
}

fn age_name(band: AgeBand) -> String {
    match (band.from, band.until) {
        (Some(0), Some(until)) => format!("{until} 岁及以下"),
        (Some(from), Some(until)) => format!("{from}–{until} 岁"),
        (Some(from), None) => format!("{from} 岁及以上"),
        (None, _) => "未登记出生日期".to_owned(),
    }
}

const TEXT: Kind = Kind::Text;
const COUNT: Kind = Kind::Number { places: 0 };
const HOURS: Kind = Kind::Number { places: 2 };

fn columns(named: &[(&str, Kind)]) -> Vec<Column> {
    named.iter().map(|(title, kind)| Column::new(*title, *kind)).collect()
}

fn figure(name: &str, value: impl Into<Cell>, unit: &str) -> Vec<Cell> {
    vec![name.into(), value.into(), unit.into()]
}

impl Press<'_> {
    fn points(&self, amount: i64) -> Cell {
        points(amount, self.config.points_scale).into()
    }

    fn points_kind(&self) -> Kind {
        Kind::Number { places: u32::from(self.config.points_scale) }
    }

    fn total(&self, total: Total) -> [Cell; 3] {
        [total.services.into(), hours(total.minutes).into(), self.points(total.points)]
    }

    fn table(&self, title: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
        let (title, subtitles) = (title.to_owned(), self.about.clone());
        Table { title, subtitles, columns, rows, ..Table::default() }
    }

    fn figures(&self, title: &str, rows: Vec<Vec<Cell>>) -> Table {
        self.table(title, columns(&[("项目", TEXT), ("数值", TEXT), ("单位", TEXT)]), rows)
    }

    fn served(&self, found: &Statistics) -> Vec<Vec<Cell>> {
        let volunteers = found.volunteers;
        let mut rows = vec![
            figure("登记志愿者", volunteers.registered, "人"),
            figure("其中本期新登记", volunteers.joined, "人"),
            figure("本期参加服务的志愿者", volunteers.active, "人"),
            figure("服务人次", found.total.services, "人次"),
            figure("服务时长", hours(found.total.minutes), "小时"),
            figure("开展活动", found.besides.activities, "场"),
        ];
        rows.extend(found.besides.attended.map(|attended| figure("活动到场", attended, "人次")));
        rows
    }

    fn key_figures(&self, found: &Statistics) -> Table {
        let mut rows = self.served(found);
        rows.extend([
            figure("取消的活动", found.besides.activities_cancelled, "场"),
            figure("发布心愿", found.besides.wishes_posted, "个"),
            figure("实现心愿", found.besides.wishes_fulfilled, "个"),
            figure("逾期未确认的记录", found.besides.overdue, "条"),
            figure("逾期录入的记录", found.besides.late, "条"),
        ]);
        rows.extend(self.of_points(found));
        self.figures("主要数据", rows)
    }

    fn of_points(&self, found: &Statistics) -> Vec<Vec<Cell>> {
        let sums = found.points;
        vec![
            figure("发放积分（全方案）", self.points(sums.issued), "分"),
            figure("兑换积分（全方案）", self.points(sums.spent), "分"),
            figure("到期积分（全方案）", self.points(sums.expired), "分"),
            figure("扣减积分（全方案）", self.points(sums.deducted), "分"),
            figure("结存积分（全方案，现时）", self.points(sums.outstanding), "分"),
            figure("库存成本（全方案，现时）", points(found.stock_value, 2), "元"),
        ]
    }

    fn details(&self, found: &Statistics) -> Vec<Table> {
        vec![self.months(found), self.categories(found), self.units(found), self.teams(found), self.ages(found)]
    }

    fn months(&self, found: &Statistics) -> Table {
        let rows = found.months.iter().map(|line| {
            let [services, hours, points] = self.total(line.total);
            vec![month_name(line.month).into(), line.people.into(), services, hours, points]
        });
        let heads = [
            ("月份", TEXT),
            ("参加人数", COUNT),
            ("人次", COUNT),
            ("时长（小时）", HOURS),
            ("积分", self.points_kind()),
        ];
        let [services, hours, points] = self.total(found.total);
        let chart = |title: &str, values| Chart { kind: ChartKind::Bars, title: title.to_owned(), names: 0, values };
        Table {
            total: Some(vec!["合计".into(), found.volunteers.active.into(), services, hours, points]),
            charts: vec![chart("各月服务时长（小时）", vec![3]), chart("各月参加人数", vec![1])],
            notes: vec![
                "按服务发生日统计，已撤销的记录不计。合计的人数为本期参加服务的志愿者，一人只计一次。".to_owned(),
            ],
            ..self.table("按月", columns(&heads), rows.collect())
        }
    }

    fn categories(&self, found: &Statistics) -> Table {
        let name = |code: &str| match self.config.categories.iter().find(|category| category.code == code) {
            Some(category) => category.name.clone(),
            None if code.is_empty() => "微心愿（积分）".to_owned(),
            None => code.to_owned(),
        };
        let rows = found.categories.iter().map(|(code, total)| {
            let [services, hours, points] = self.total(*total);
            vec![name(code).into(), services, hours, points]
        });
        let heads = [("类别", TEXT), ("人次", COUNT), ("时长（小时）", HOURS), ("积分", self.points_kind())];
        let chart =
            Chart { kind: ChartKind::Pie, title: "各类别服务时长".to_owned(), names: 0, values: vec![2] };
        let [services, hours, points] = self.total(found.total);
        Table {
            total: Some(vec!["合计".into(), services, hours, points]),
            charts: vec![chart],
            ..self.table("按类别", columns(&heads), rows.collect())
        }
    }

    fn units(&self, found: &Statistics) -> Table {
        let rows = found.units.iter().map(|line| {
            let [services, hours, points] = self.total(line.total);
            let people = line.people;
            let name = unit_name(self.organisation, Some(&line.code));
            vec![name.into(), people.members.into(), people.took_part.into(), services, hours, points]
        });
        let heads = [
            ("单位（含下级）", TEXT),
            ("志愿者", COUNT),
            ("其中参加服务", COUNT),
            ("人次", COUNT),
            ("时长（小时）", HOURS),
            ("积分", self.points_kind()),
        ];
        let chart =
            Chart {
                kind: ChartKind::Bars, title: "各单位服务时长（小时）".to_owned(), names: 0, values: vec![4]
            };
        Table {
            charts: vec![chart],
            notes: vec!["人次、时长和积分按记录所属单位统计；人数按期末所在单位统计。".to_owned()],
            ..self.table("按单位", columns(&heads), rows.collect())
        }
    }

    fn teams(&self, found: &Statistics) -> Table {
        let rows = found.teams.iter().map(|(code, total)| {
            let [services, hours, points] = self.total(*total);
            let named = self.teams.iter().find(|(known, _)| known == code);
            let name = named.map_or_else(|| code.clone(), |(_, name)| name.clone());
            vec![name.into(), services, hours, points]
        });
        let heads = [("队伍", TEXT), ("人次", COUNT), ("时长（小时）", HOURS), ("积分", self.points_kind())];
        self.table("按队伍", columns(&heads), rows.collect())
    }

    fn ages(&self, found: &Statistics) -> Table {
        let rows = found.ages.iter().map(|line| {
            let name: Cell = age_name(line.band).into();
            vec![name, line.registered.into(), line.people.into(), hours(line.minutes).into()]
        });
        let heads = [("年龄", TEXT), ("登记人数", COUNT), ("参加人数", COUNT), ("时长（小时）", HOURS)];
        let chart =
            Chart { kind: ChartKind::Bars, title: "各年龄段参加人数".to_owned(), names: 0, values: vec![2] };
        Table {
            charts: vec![chart],
            notes: vec![format!("年龄按{}计算。", chinese_date(found.scope.until))],
            ..self.table("按年龄", columns(&heads), rows.collect())
        }
    }

    fn work_of_the_year(&self, found: &Statement) -> Table {
        let statistics = &found.statistics;
        let mut rows = self.served(statistics);
        rows.extend([
            figure("出具志愿服务记录证明", found.certificates.issued, "份"),
            figure("　其中逾期出具", found.certificates.late, "份"),
            figure("　其中已撤销", found.certificates.revoked, "份"),
            figure("培训", found.trainings, "场"),
            figure("参加培训", found.trained, "人次"),
            figure("培训时长", hours(found.training_minutes), "小时"),
            figure("表彰", found.honours, "人次"),
        ]);
        for step in &found.steps {
            rows.push(figure(&format!("认定 {}", self.step_name(&step.ladder, &step.step)), step.granted, "人次"));
        }
        rows.push(figure("服务评价", found.ratings, "次"));
        if found.ratings > 0 {
            let average = scheme::ratings::Average { count: found.ratings, sum: found.stars };
            rows.push(figure("平均评价", points(average.hundredths(), 2), "星"));
        }
        rows.push(figure("逾期录入的记录", statistics.besides.late, "条"));
        rows.push(figure("逾期未确认的记录", statistics.besides.overdue, "条"));
        for (name, answered, upheld) in [
            ("投诉", found.complaints, "查实"),
            ("更正申请", found.corrections, "采纳"),
            ("公示异议", found.objections, "成立"),
        ] {
            rows.extend(answers(name, answered, upheld));
        }
        rows.extend(self.of_points(statistics));
        let law = "依据《志愿服务记录与证明出具办法（试行）》（民政部令第67号）第十八条编制。";
        Table {
            notes: vec![law.to_owned()],
            signatures: Some(Signatures { issuer: self.config.name.clone(), ..Signatures::default() }),
            ..self.figures("志愿服务记录与证明出具年度工作情况", rows)
        }
    }

    fn step_name(&self, ladder: &str, step: &str) -> String {
        let versions = self.config.versions().iter().rev();
        let mut steps = versions.flat_map(|rules| &rules.ladders).filter(|known| known.code == ladder);
        let named = steps.find_map(|known| known.steps.iter().find(|known| known.code == step));
        named.map_or_else(|| format!("{ladder} {step}"), |named| named.name.clone())
    }
}

fn answers(name: &str, answered: Answered, upheld: &str) -> Vec<Vec<Cell>> {
    vec![
        figure(&format!("收到{name}"), answered.received, "件"),
        figure(&format!("　按期答复{name}"), answered.in_time, "件"),
        figure(&format!("　逾期答复{name}"), answered.late, "件"),
        figure(&format!("　尚未答复{name}"), answered.open, "件"),
        figure(&format!("　　其中已逾期{name}"), answered.overdue, "件"),
        figure(&format!("　{upheld}{name}"), answered.upheld, "件"),
    ]
}
