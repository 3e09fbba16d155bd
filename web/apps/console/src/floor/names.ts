import type { Colour, Name, RecordKind } from "@yingda/wire";
import { computed } from "vue";
import { said } from "../i18n";
import { me } from "../session";

const byKey = computed(() => new Map((me.value?.names ?? []).map((it) => [`${it.kind}/${it.id}`, it])));

/** The name of a record in the person's language; its id when the name is not known here. */
export function nameOf(kind: RecordKind, id: string | null | undefined): string {
  if (!id) return "";
  return said(byKey.value.get(`${kind}/${id}`)?.name) || id;
}

export const colourOf = (kind: RecordKind, id: string): Colour => byKey.value.get(`${kind}/${id}`)?.colour ?? "grey";

export const namesOf = (kind: RecordKind): Name[] => (me.value?.names ?? []).filter((it) => it.kind === kind);
