const known = new URLSearchParams(location.search).get("lang") || localStorage.getItem("shop-lang") || (navigator.language.startsWith("zh") ? "zh" : "en");
const speak = (lang) => {
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  localStorage.setItem("shop-lang", lang);
};
speak(known);
addEventListener("DOMContentLoaded", () => {
  document.querySelector("#lang").onclick = () => {
    const lang = document.documentElement.lang === "en" ? "zh" : "en";
    speak(lang);
    window.Yingda?.("lang", lang);
  };
  for (const link of document.querySelectorAll("nav a")) if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
  for (const add of document.querySelectorAll("[data-add]")) add.onclick = () => (add.textContent = document.documentElement.lang === "en" ? "In your bag ✓" : "已加入 ✓");
  for (const ask of document.querySelectorAll("[data-ask]")) ask.onclick = () => window.Yingda?.("open");
});
