//! Slips of exchanges for the printers of stations.

use chrono::{DateTime, Utc};
use reports::documents::slip::{Slip, SlipItem, SlipPaper};
use scheme::config::Scheme;
use scheme::exchanges;

/// A slip; `in_account` tells an amount of the account that paid, `yuan` one of money.
pub fn slip(
    slip: &exchanges::Slip,
    config: &Scheme,
    paper: SlipPaper,
    in_account: &dyn Fn(i64) -> String,
    yuan: &dyn Fn(i64) -> String,
) -> Slip {
    let exchange = &slip.exchange;
    let unit = if exchange.account.is_some() { "" } else { " 分" };
    let items = slip.lines.iter().map(|line| SlipItem {
        name: line.name.clone(),
        quantity: format!("{} 件", line.pieces),
        price: format!("{}{unit}", in_account(line.points)),
    });
    let total: i64 = slip.lines.iter().map(|line| line.points).sum();
    let mut amounts = vec![("合计".to_owned(), format!("{}{unit}", in_account(total)))];
    if let Some(before) = exchange.balance_before {
        amounts.push(("兑换前余额".to_owned(), format!("{}{unit}", in_account(before))));
        amounts.push(("兑换后余额".to_owned(), format!("{}{unit}", in_account(before - exchange.points))));
    }
    let cash = [("应收现金", slip.cash_owed), ("实收现金", slip.cash_received)];
    amounts.extend(cash.into_iter().filter_map(|(label, fen)| Some((label.to_owned(), format!("{} 元", yuan(fen?))))));
    let waits = exchange.status == exchanges::Status::Reserved;
    let collector = slip.collector.as_ref().map(|(_, name)| format!("代领人：{name}"));
    let notes =
        [Some(format!("志愿者 {}", slip.volunteer_number)), collector, Some(format!("校验码 {}", slip.verify_code))];
    let at: DateTime<Utc> = exchange.settled_at.unwrap_or(exchange.reserved_at);
    Slip {
        station: slip.station_name.clone(),
        title: if waits { "兑换预留单" } else { "兑换凭单" }.to_owned(),
        number: slip.number.clone(),
        at: at.with_timezone(&config.time_zone).naive_local(),
        name: slip.volunteer_name.clone(),
        items: items.collect(),
        amounts,
        pickup_code: if waits { exchange.pickup_code.clone() } else { String::new() },
        code: waits.then(|| exchanges::payload(&config.code, &exchange.pickup_code)),
        handler: slip.operator.as_ref().map(|hand| hand.name.clone()).unwrap_or_default(),
        notes: notes.into_iter().flatten().collect(),
        reprint: slip.prints > 1,
        paper,
    }
}
