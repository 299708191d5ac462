/** The looks of a diagram: one style sheet, for light and for dark, without fonts or scripts of others. */

import type { Look } from "./diagram-model.js";

/** What the legend says of a look; those without a word explain themselves. */
export const lookNames: Readonly<Record<Look, string | undefined>> = {
  plain: undefined,
  control: undefined,
  reset: undefined,
  lost: "lost or refused",
  duplicate: "duplicate",
  corrupted: "corrupted",
  late: "late",
  open: "no end seen",
};

export const fontSize = { title: 17, node: 13, label: 11, small: 10 } as const;

interface Palette {
  readonly page: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly box: string;
  readonly looks: Readonly<Record<Look, string>>;
  readonly down: string;
  readonly paused: string;
}

const light: Palette = {
  page: "#ffffff",
  ink: "#0f172a",
  muted: "#64748b",
  line: "#cbd5e1",
  box: "#f1f5f9",
  looks: {
    plain: "#1d4ed8",
    control: "#64748b",
    reset: "#dc2626",
    lost: "#dc2626",
    duplicate: "#7c3aed",
    corrupted: "#b45309",
    late: "#0f766e",
    open: "#94a3b8",
  },
  down: "#dc2626",
  paused: "#d97706",
};

const dark: Palette = {
  page: "#0f172a",
  ink: "#e2e8f0",
  muted: "#94a3b8",
  line: "#475569",
  box: "#1e293b",
  looks: {
    plain: "#93c5fd",
    control: "#94a3b8",
    reset: "#f87171",
    lost: "#f87171",
    duplicate: "#c4b5fd",
    corrupted: "#fbbf24",
    late: "#5eead4",
    open: "#64748b",
  },
  down: "#f87171",
  paused: "#fbbf24",
};

const shapes = `
text{font:${fontSize.label}px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.title{font-size:${fontSize.title}px;font-weight:600}
.node text{font-size:${fontSize.node}px;font-weight:600}
.small,.time{font-size:${fontSize.small}px}
.time{font-variant-numeric:tabular-nums}
.tag,.silence{font-size:${fontSize.small}px;font-style:italic}
.halo{paint-order:stroke;stroke-width:3.5px;stroke-linejoin:round}
.life{stroke-width:1.5}
.gone{stroke-dasharray:1.5 4.5}
.arrow path{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}
.arrow .head{stroke-width:1}
.stream .shaft{stroke-width:2.4}
.control .shaft{stroke-width:1.4;stroke-dasharray:5 4}
.duplicate .shaft{stroke-dasharray:6 3}
.late .shaft{stroke-dasharray:10 3}
.open .shaft{stroke-dasharray:1 4}
.corrupted .shaft{stroke-dasharray:7 3 1.5 3}
.arrow .cross{stroke-width:2.2}
.chip rect{stroke-width:1}
.band{stroke:none}
.edge{stroke-width:1;stroke-dasharray:4 3;fill:none}
`;

function colours(palette: Palette): string {
  const { page, ink, muted, line, box, looks, down, paused } = palette;
  const each = Object.entries(looks).map(
    ([look, colour]) => `.${look} path,.${look} circle{stroke:${colour}}.${look} .head,.${look} .dot{fill:${colour}}
.tag.${look}{fill:${colour}}`,
  );
  return `
.page{fill:${page}}text{fill:${ink}}.halo{stroke:${page}}
.muted,.time,.silence{fill:${muted}}
.life,.tick{stroke:${line}}.node rect{fill:${box};stroke:${line}}
.chip rect{fill:${box};stroke:${line}}.chip.crash rect{stroke:${down}}.chip.crash text{fill:${down}}
.chip.pause rect{stroke:${paused}}.chip.pause text{fill:${paused}}
.pin{fill:${muted};stroke:${page}}.pin.crash{fill:${down}}.pin.pause{fill:${paused}}
.band.down,.band.cut{fill:${down}}.band.paused{fill:${paused}}.band{fill-opacity:.14}.band.cut{fill-opacity:.07}
.edge{stroke:${down}}.cut-text{fill:${down}}
${each.join("\n")}
`;
}

export const styleSheet: string = `${shapes}${colours(light)}@media (prefers-color-scheme:dark){${colours(dark)}}`;
