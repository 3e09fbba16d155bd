//! Pages that work without script: one look for all of them.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use yingda_core::lang::Lang;

/// A plain page. Its address may hold a token, so it is neither kept nor passed on. `title` is HTML already.
pub fn plain(status: StatusCode, title: &str, lang: Lang, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        lang.of("zh-CN", "en"),
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ];
    (status, headers, html).into_response()
}

const STYLE: &str = "\
:root{color-scheme:light dark;background:light-dark(#fff,#14181b);color:light-dark(#1c2328,#e4e9ec);font:16px/1.6 Inter,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}\
body{margin:0}a{color:light-dark(#0b7a86,#63b6bf)}main{max-width:560px;margin:auto;padding:24px 16px}h1{font-size:20px;margin:0}\
h2{font-size:14px;font-weight:500;margin:24px 0 0}form,dl{display:grid;gap:12px;margin:16px 0}p{margin:8px 0}\
label{display:grid;gap:4px;font-weight:500}.tick{grid-template-columns:auto 1fr;gap:8px;font-weight:400;padding:4px 0}\
input,textarea,select{font:inherit;padding:8px 12px;border:1px solid #8b959e;border-radius:6px;width:100%;\
box-sizing:border-box}.tick input{width:18px;height:18px;margin:3px 0}.main{font:inherit;font-weight:600;\
padding:10px 16px;border:0;border-radius:6px;background:#0b7a86;color:#fff}dt{font-size:14px}\
dd{margin:0;padding:8px 12px;border-radius:8px;background:color-mix(in srgb,currentColor 7%,transparent);\
white-space:pre-wrap;overflow-wrap:anywhere}.answer{border-left:3px solid #0b7a86}\
fieldset{border:0;padding:0;margin:8px 0;min-width:0}legend{padding:0;font-weight:500;overflow-wrap:anywhere}\
.scale{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}.scale label{position:relative;display:grid;place-items:center;\
min-width:44px;min-height:44px;box-sizing:border-box;border:1px solid #8b959e;border-radius:6px}\
.scale input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0}\
.scale label:has(:checked){background:#0b7a86;border-color:#0b7a86;color:#fff}\
.scale label:has(:focus-visible){outline:2px solid #0b7a86;outline-offset:2px}\
.ends{display:flex;justify-content:space-between;gap:16px;font-size:14px;margin:0}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{padding:8px;text-align:center;font-weight:400}\
tbody th{text-align:left}td input{width:20px;height:20px}\
.list{list-style:none;margin:8px 0;padding:0}.list li{padding:8px 0;border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);\
overflow-wrap:anywhere}\
.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center}.quiet{font:inherit;padding:10px 16px;border:1px solid #8b959e;\
border-radius:6px;background:none;color:inherit}\
.error{margin:4px 0 0;font-size:14px;color:light-dark(#b3261e,#ff8a80)}";
