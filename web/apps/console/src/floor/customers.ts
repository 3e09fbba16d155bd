import type { Choice, CustomerSettings, Field } from "@yingda/wire";
import { shallowRef } from "vue";
import { api } from "../api";
import { t } from "../i18n";
import { may } from "../session";

const NONE: CustomerSettings = { fields: [], tiers: [], areas: [], purposes: [], check_days: 365 };
const read = shallowRef<CustomerSettings>(NONE);
let asked = false;

/** What customers of this site have: own fields, tiers, areas, purposes of consent. Asked for once, and again after the settings changed. */
export function customerSettings(): CustomerSettings {
  if (!asked && may("customer_read")) {
    asked = true;
    api.get<CustomerSettings>("/customers/settings").then(
      (now) => (read.value = now),
      () => (asked = false),
    );
  }
  return read.value;
}

export function renewCustomerSettings(): void {
  asked = false;
  customerSettings();
}

/** Tier and area are chosen as the answer to a field is. */
export const choiceField = (key: "tier" | "area", options: Choice[]): Field => {
  const name = t(`desk.pane.field.${key}`);
  return { key, label: { zh: name, en: name }, shape: "choice", required: false, options, when: null, sensitive: false, formula: "" };
};
