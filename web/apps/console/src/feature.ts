import type { Action } from "@yingda/wire";
import type { Component } from "vue";
import type { RouteRecordRaw } from "vue-router";

/** A room of the console: one place on the rail, one lazily loaded page with what lies under it. */
export interface Feature {
  /** First part of the address: `/console/<path>`. */
  path: string;
  /** What may follow it in the address: `/:id?`. */
  tail?: string;
  /** Key of the label in the dictionaries. */
  label: string;
  icon: Component;
  /** Place on the rail, from the top. */
  order: number;
  /** Any one of these opens it; none named: everyone. */
  needs: Action[];
  page: () => Promise<unknown>;
  children?: RouteRecordRaw[];
  /** What can be begun in it from anywhere, by the palette. */
  commands?: { key: string; label: string; needs: Action[]; run: () => unknown }[];
  /** Stands over every room, and draws nothing until it is wanted. */
  overlay?: () => Promise<Component>;
}

const found = import.meta.glob<{ feature: Feature }>("./features/*/feature.ts", { eager: true });

export const features: Feature[] = Object.values(found)
  .map((it) => it.feature)
  .sort((a, b) => a.order - b.order);
