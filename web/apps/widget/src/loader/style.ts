// The loader's own look. It lives in a shadow root, so neither page disturbs the other.

export const css = `
:host{--s:right}
*{box-sizing:border-box}
.b,.i,.p{position:fixed;direction:ltr}
.b,.i button{font:500 14px/1.5 Inter,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.b{bottom:var(--b,20px);width:56px;height:56px;padding:0;border:0;border-radius:50%;background:var(--a);color:var(--k);cursor:pointer;box-shadow:0 4px 16px #0003;touch-action:none;display:grid;place-items:center}
.b svg{width:28px;height:28px;pointer-events:none}
.b:focus-visible,.i button:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px var(--a)}
.n{position:absolute;top:-4px;right:-4px;min-width:20px;height:20px;padding:0 6px;border-radius:10px;background:#c62828;color:#fff;font-size:12px;line-height:20px;font-variant-numeric:tabular-nums}
.n:empty{display:none}
.i{bottom:calc(var(--b,20px) + 68px);max-width:min(280px,calc(100vw - 40px));background:#fff;color:#1c2126;border:1px solid #d5dade;border-radius:12px;box-shadow:0 4px 16px #0003;display:flex;align-items:flex-start;animation:u .12s}
.i button{all:unset;cursor:pointer;font:400 14px/1.5 Inter,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;border-radius:12px;padding:12px 14px;overflow-wrap:anywhere}
.i button+button{padding:8px 12px;color:#5a646d;font-size:18px;line-height:1}
.i b{display:block;font-weight:600;font-size:12px;color:#5a646d}
.p{bottom:16px;width:384px;max-width:calc(100vw - 32px);height:min(640px,calc(100vh - 32px));border-radius:12px;overflow:hidden;background:#fff;box-shadow:0 8px 32px #0004;visibility:hidden;opacity:0}
.p iframe{display:block;width:100%;height:100%;border:0}
.r .b,.r .i,.r .p{right:var(--x,20px)}
.l .b,.l .i,.l .p{left:var(--x,20px)}
.r .p,.l .p{--x:16px}
.o .p{visibility:visible;opacity:1;transition:opacity .08s}
.o .b,.o .i,[hidden]{display:none!important}
.s{position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@keyframes u{from{opacity:0;transform:translateY(8px)}}
@media(max-width:480px),(max-height:480px){.r .p,.l .p{inset:var(--t,0) 0 auto 0;width:100%;max-width:none;height:var(--h,100%);border-radius:0;box-shadow:none}}
@media(prefers-color-scheme:dark){:host(.d) .i{background:#23292e;color:#e6eaed;border-color:#3a434a}:host(.d) .i b,:host(.d) .i button+button{color:#a3adb5}:host(.d) .p{background:#1a1f23}}
@media(prefers-reduced-motion){*{animation:none!important;transition:none!important}}
@media print{.b,.i,.p{display:none}}`;
