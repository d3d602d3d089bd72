//! Volunteers' cards: the code on them is the one that stations scan, and names nobody.

use super::unit_name;
use reports::documents::card::Card;
use scheme::OpenScheme;
use scheme::codes::{CardCode, CodeError, cards};
use scheme::units::Organisation;
use uuid::Uuid;

/// The cards of these volunteers, in the order of their numbers.
pub async fn cards_of(scheme: &OpenScheme, volunteers: Vec<Uuid>, organisation: &str) -> Result<Vec<Card>, CodeError> {
    let units = scheme.organisation().await?;
    Ok(cards(scheme, volunteers).await?.iter().map(|found| card(found, &units, organisation)).collect())
}

/// The card with this code.
pub fn card(found: &CardCode, units: &Organisation, organisation: &str) -> Card {
    let unit = unit_name(units, found.unit.as_deref());
    Card {
        organisation: organisation.to_owned(),
        name: found.name.clone(),
        volunteer_number: found.number.clone(),
        more: if unit.is_empty() { Vec::new() } else { vec![("所属单位".to_owned(), unit)] },
        code: found.code.clone(),
        photo: None,
    }
}
