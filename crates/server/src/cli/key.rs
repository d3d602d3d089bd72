//! `aixin key`: API keys.

use crate::clock::wall_clock;
use crate::settings::Settings;
use scheme::Role;
use scheme::keys::{self, NewKey};
use std::sync::Arc;
use uuid::Uuid;

/// Make, list and revoke API keys
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a key, and print it once
    #[command(
        after_help = "Example:\n  aixin key create --scheme ziyang --role kiosk --station main --name 大厅一号机"
    )]
    Create {
        /// Code of the scheme; left out only for an operator of all schemes
        #[arg(long, value_name = "SCHEME")]
        scheme: Option<String>,
        /// kiosk, staff, leader, reviewer, scheme_admin, auditor or operator
        #[arg(long)]
        role: Role,
        /// Only this station; left out: main for a kiosk, every station for others
        #[arg(long, value_name = "STATION")]
        station: Option<String>,
        /// The team that a leader leads
        #[arg(long, value_name = "TEAM")]
        team: Option<String>,
        /// Who acts with it: the same for all keys of one person; left out: somebody who has no other key
        #[arg(long, value_name = "PERSON")]
        person: Option<String>,
        /// Who that person is among the volunteers
        #[arg(long, value_name = "ID")]
        volunteer: Option<Uuid>,
        /// Whose it is, for lists
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// List keys; their secrets are not kept
    #[command(after_help = "Example:\n  aixin key list")]
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Revoke a key
    #[command(after_help = "Example:\n  aixin key revoke 0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11")]
    Revoke {
        id: Uuid,
        #[command(flatten)]
        settings: Settings,
    },
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { scheme, role, station, team, person, volunteer, name, settings } => {
            let schemes = settings.open(Arc::new(wall_clock)).await?;
            let name = if name.is_empty() { role.to_string() } else { name };
            let new = NewKey { scheme, role, station, team, person, volunteer_id: volunteer, name };
            let key = keys::create(&schemes, new, wall_clock()).await?;
            // The key alone on standard output, for scripts.
            eprintln!("key {} ({role}); it is shown only now:", key.id);
            println!("{}", key.secret);
        }
        Command::List { settings } => {
            let schemes = settings.open(Arc::new(wall_clock)).await?;
            for key in keys::list(&schemes).await? {
                let by = key.operator;
                let scheme = key.scheme.as_deref().unwrap_or("*");
                let (station, state) =
                    (by.station.as_deref().unwrap_or("*"), if key.revoked_at.is_some() { "revoked" } else { "" });
                println!("{}\t{scheme}\t{}\t{station}\t{}\t{state}", by.key_id, by.role, by.name);
            }
        }
        Command::Revoke { id, settings } => {
            let schemes = settings.open(Arc::new(wall_clock)).await?;
            keys::revoke(&schemes, id, wall_clock()).await?;
            println!("{id}: revoked");
        }
    }
    Ok(())
}
