import "@yingda/ui/tokens.css";
import "./theme.css";
import { createApp } from "vue";
import App from "./App.vue";
import { i18n } from "./i18n";
import { recall } from "./preferences";
import { router } from "./router";

recall();
createApp(App).use(i18n).use(router).mount("#app");
