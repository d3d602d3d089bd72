//! The REST interface: `/api/v1`, one file for each subject of `scheme`.
//!
//! A handler is given a [`call::Call`] that was checked already, calls one function of `scheme`, and shapes the answer.

mod amounts;
mod answers;
mod auth;
mod call;
mod cursor;
mod docs;
mod error;
mod health;
mod metrics;
mod papers;
mod requests;
mod words;

mod activities;
mod anomalies;
mod balances;
mod certificates;
mod complaints;
mod corrections;
mod entries;
pub mod events;
mod exchanges;
mod honours;
mod keys;
mod levels;
pub mod limits;
mod notices;
mod offers;
mod pictures;
mod posts;
mod presence;
mod printouts;
mod publicity;
pub mod rankings;
mod ratings;
mod records;
mod reviews;
mod rewards;
pub mod schemes;
mod selections;
mod services;
mod solvency;
mod sponsors;
mod stations;
pub mod statistics;
mod teams;
mod trainings;
mod transfers;
mod units;
mod volunteers;
mod webhooks;
mod wishes;

use crate::clock::Clock;
use crate::papers::Press;
use crate::webhooks::Post;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, Error, HttpRequest};
use error::{Code, Problem};
use limits::Limits;
use metrics::Metrics;
use scheme::Schemes;
use serde_json::Value;
use std::collections::HashMap;
use tokio::sync::watch;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What all handlers share.
pub struct Api {
    pub schemes: Schemes,
    pub clock: Clock,
    pub metrics: Metrics,
    pub post: Post,
    pub limits: Limits,
    /// What papers are printed with.
    pub press: Press,
    /// True once the server is told to stop.
    stopping: watch::Sender<bool>,
    document: Bytes,
    /// The methods that each path takes, as the header `Allow` names them.
    allowed: HashMap<String, String>,
}

impl Api {
    pub fn new(schemes: Schemes, clock: Clock, post: Post, limits: Limits) -> Api {
        let document = docs::document();
        let allowed = allowed(&document);
        let (metrics, stopping) = (Metrics::default(), watch::Sender::default());
        let press = Press::default();
        Api { schemes, clock, metrics, post, limits, press, stopping, document: document.to_string().into(), allowed }
    }

    /// Prints with this press from now on.
    pub fn printing_with(self, press: Press) -> Api {
        Api { press, ..self }
    }

    /// Tells all who wait for something that it will not come.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Comes back when the server is told to stop.
    pub async fn stopping(&self) {
        // The sender lives as long as this.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}

/// The service as one worker runs it.
pub fn app(
    api: Data<Api>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let (app, _) = App::new().into_utoipa_app().configure(routes).split_for_parts();
    app.app_data(api)
        .service(docs::openapi_json)
        .service(docs::docs)
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").persist_authorization(true)))
        .default_service(web::to(unknown))
        .wrap(Compress::default())
        .wrap(from_fn(requests::attend))
}

/// Every operation that the interface's description knows. What is asked for most stands first, since it is found first.
fn routes(config: &mut ServiceConfig) {
    let of_scheme = scope("/schemes/{scheme}")
        .configure(balances::routes)
        .configure(exchanges::routes)
        .configure(rewards::routes)
        .configure(presence::routes)
        .configure(offers::routes)
        .configure(pictures::routes)
        .configure(solvency::routes)
        .configure(statistics::routes)
        .configure(sponsors::routes)
        .configure(volunteers::routes)
        .configure(units::routes)
        .configure(stations::routes)
        .configure(teams::routes)
        .configure(posts::routes)
        .configure(services::routes)
        .configure(publicity::routes)
        .configure(corrections::routes)
        .configure(anomalies::routes)
        .configure(transfers::routes)
        .configure(activities::routes)
        .configure(records::routes)
        .configure(trainings::routes)
        .configure(honours::routes)
        .configure(ratings::routes)
        .configure(complaints::routes)
        .configure(wishes::routes)
        .configure(entries::routes)
        .configure(events::routes)
        .configure(notices::routes)
        .configure(webhooks::routes)
        .configure(levels::routes)
        .configure(certificates::routes)
        .configure(printouts::routes)
        .configure(rankings::routes)
        .configure(reviews::routes)
        .configure(selections::routes)
        .configure(schemes::routes);
    let v1 = scope("/api/v1").service(of_scheme).configure(schemes::admin_routes).configure(keys::routes);
    config
        .service(v1)
        .configure(certificates::routes_of_page)
        .configure(health::routes)
        .configure(docs::routes_of_pages);
}

/// 404, or 405 when the path takes other methods.
async fn unknown(request: HttpRequest, api: Data<Api>) -> Result<&'static str, Problem> {
    let allowed = request.match_pattern().and_then(|pattern| api.allowed.get(&pattern));
    match allowed {
        Some(allow) => Err(Problem { allow: Some(allow.clone()), ..Problem::new(Code::MethodNotAllowed) }),
        None => Err(Problem::new(Code::NotFound)),
    }
}

fn allowed(document: &Value) -> HashMap<String, String> {
    let methods = |item: &Value| {
        let names = item.as_object().into_iter().flat_map(|item| item.keys());
        let mut methods: Vec<String> = names.map(|name| name.to_uppercase()).collect();
        if methods.iter().any(|method| method == "GET") {
            methods.push("HEAD".to_owned());
        }
        methods.join(", ")
    };
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.map(|(path, item)| (path.clone(), methods(item))).collect()
}
