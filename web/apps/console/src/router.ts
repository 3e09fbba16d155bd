import { createRouter, createWebHistory, type RouteRecordRaw } from "vue-router";
import { onSecondFactorLacking } from "./api";
import { features } from "./feature";
import { adoptPreferences } from "./preferences";
import { me, mayAny, whoAmI } from "./session";

const rooms: RouteRecordRaw[] = features.map((it) => ({
  path: it.path + (it.tail ?? ""),
  name: it.path,
  component: it.page as RouteRecordRaw["component"],
  meta: { needs: it.needs, label: it.label },
  ...(it.children ? { children: it.children } : {}),
})) as RouteRecordRaw[];

export const router = createRouter({
  history: createWebHistory("/console/"),
  routes: [
    { path: "/sign-in", name: "sign-in", component: () => import("./features/signin/SignInPage.vue"), meta: { open: true } },
    { path: "/setup", name: "setup", component: () => import("./features/signin/SetUpPage.vue"), meta: { open: true } },
    {
      path: "/",
      component: () => import("./shell/Shell.vue"),
      children: [
        // Not a redirect: those are resolved before it is known who asks.
        { path: "", name: "home", component: () => import("./shell/Nowhere.vue"), beforeEnter: () => home() },
        { path: "settings", name: "settings", component: () => import("./features/settings/SettingsPage.vue"), meta: { label: "settings.title" } },
        ...rooms,
        { path: ":rest(.*)*", name: "nowhere", component: () => import("./shell/Nowhere.vue") },
      ],
    },
  ],
});

/** The first room that this person may use. */
export function home(): string {
  const first = features.find((it) => mayAny(it.needs));
  return first ? `/${first.path}` : "/settings";
}

router.beforeEach(async (to) => {
  if (to.meta.open) return true;
  if (me.value === undefined) {
    await whoAmI().catch(() => null);
    adoptPreferences();
  }
  if (!me.value) return { name: "sign-in", query: to.fullPath === "/" ? {} : { to: to.fullPath } };
  const needs = (to.meta.needs ?? []) as Parameters<typeof mayAny>[0];
  if (mayAny(needs)) return true;
  // Who reads conversations without serving any opens the same one in the other room.
  const id = to.name === "desk" ? to.params.id : "";
  return id && mayAny(["conversation_read"]) ? `/conversations/${String(id)}` : home();
});

onSecondFactorLacking(() => void router.push({ name: "settings" }));
