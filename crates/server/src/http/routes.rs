//! The documented addresses: each handler with the address and the method that stand above it.
//!
//! Debug builds also keep what each handler says of itself, and write `docs/openapi.json` from it (`cargo xtask
//! codegen`, whose freshness is tested). A release carries that file, and neither the words nor the code around them.

use crate::app::Shared;
use axum::{
    Router,
    extract::Request,
    response::IntoResponse,
    routing::{MethodRouter, Route},
};
use std::convert::Infallible;
use tower::{Layer, Service};
#[cfg(debug_assertions)]
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// One address and the handlers of its methods.
pub struct Address {
    pub path: String,
    pub methods: MethodRouter<Shared>,
    #[cfg(debug_assertions)]
    pub described: UtoipaMethodRouter<Shared>,
}

/// Makes an [`Address`] of handlers that carry `#[utoipa::path]` with the same path.
macro_rules! routes {
    ($first:ident $(, $other:ident)* $(,)?) => {
        $crate::http::routes::Address {
            path: utoipa_axum::paste! { <[<__path_ $first>] as utoipa::Path>::path() },
            methods: {
                let methods = axum::routing::MethodRouter::new();
                let methods = $crate::http::routes::routes!(@on methods $first);
                $( let methods = $crate::http::routes::routes!(@on methods $other); )*
                methods
            },
            #[cfg(debug_assertions)]
            described: utoipa_axum::routes!($first $(, $other)*),
        }
    };
    (@on $methods:ident $handler:ident) => {
        utoipa_axum::paste! { <[<__path_ $handler>] as utoipa::Path>::methods() }.iter().fold($methods, |methods, method| {
            methods.on(utoipa_axum::PathItemExt::to_method_filter(method), $handler)
        })
    };
}
pub(crate) use routes;

/// Addresses, as a part of the API offers them.
#[derive(Default)]
pub struct Routes {
    router: Router<Shared>,
    #[cfg(debug_assertions)]
    described: OpenApiRouter<Shared>,
}

impl Routes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn routes(self, address: Address) -> Self {
        Self {
            router: self.router.route(&address.path, address.methods),
            #[cfg(debug_assertions)]
            described: self.described.routes(address.described),
        }
    }

    pub fn merge(self, other: Self) -> Self {
        Self {
            router: self.router.merge(other.router),
            #[cfg(debug_assertions)]
            described: self.described.merge(other.described),
        }
    }

    /// Puts a layer around the addresses that are here so far.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self { router: self.router.layer(layer), ..self }
    }

    pub fn into_router(self) -> Router<Shared> {
        self.router
    }

    #[cfg(debug_assertions)]
    pub fn into_openapi(self) -> utoipa::openapi::OpenApi {
        self.described.into_openapi()
    }
}
