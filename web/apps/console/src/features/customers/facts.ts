import type { Choice, Field, StoredCustomer } from "@yingda/wire";
import { customerSettings } from "../../floor/customers";
import { nameOf } from "../../floor/names";
import { said, t } from "../../i18n";
import { pathTo } from "../../parts/answers";
import { answerWord } from "../../parts/answerWord";
import { placeWords } from "../../parts/place";
import { brief } from "../../when";

const FIELD = "field:";
/** What a line of the list says under the name unless somebody chose otherwise. */
export const USUAL: readonly string[] = ["phone", "place"];

const label = (options: readonly Choice[], key: string | undefined): string => pathTo(options, key ?? "").map((it) => said(it.label)).join(" / ");
const FACTS: Record<string, (it: StoredCustomer) => string> = {
  phone: (it) => it.customer.phone ?? "",
  place: (it) => placeWords(it.places?.phone),
  email: (it) => it.customer.email ?? "",
  company: (it) => it.customer.company ?? "",
  external_id: (it) => it.customer.external_id ?? "",
  tier: (it) => label(customerSettings().tiers, it.customer.tier),
  area: (it) => label(customerSettings().areas, it.customer.area),
  owner: (it) => nameOf("user", it.customer.owner),
  address: (it) => it.customer.address ?? "",
  checked: (it) => (it.checked_at ? brief(it.checked_at) : ""),
};
const own = (): Field[] => customerSettings().fields.filter((it) => !it.sensitive);

/** Everything that a line may say. */
export const allFacts = (): { key: string; title: string }[] => [...Object.keys(FACTS).map((key) => ({ key, title: t(`customers.fact.${key}`) })), ...own().map((it) => ({ key: `${FIELD}${it.key}`, title: said(it.label) }))];

/** What a line says under the name; who has neither number nor anything else that was chosen is told by their mail. */
export function factsOf(it: StoredCustomer, chosen: string): string {
  const keys = chosen ? chosen.split(",") : USUAL;
  const value = (key: string): string => {
    if (!key.startsWith(FIELD)) return FACTS[key]?.(it) ?? "";
    const field = own().find((one) => `${FIELD}${one.key}` === key);
    return field ? answerWord(field, it.customer.values?.[field.key] ?? "") : "";
  };
  return keys.map(value).filter(Boolean).join(" · ") || (it.customer.email ?? "");
}
