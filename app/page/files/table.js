// The cracks as a table: sorts, filters, and lights up with the picture.

import { element } from "./dom.js";

const MOST_ROWS = 500; // a page of ten thousand rows helps nobody; the CSV has them all

const [LENGTH, WIDTH_HELD] = [1, 3]; // columns: the latter is what limits are held against

const FLAGS = { "below-resolution": "under 3 px: an upper bound" };

/** Columns for cracks in millimetres, or in pixels where any crack has none. */
function columnsFor(isInMm) {
  const unit = isInMm ? "mm" : "px";
  const width = (crack) => (isInMm ? crack.width_mm : crack.width_px);
  return [
    { name: "Crack", unit: "", value: (crack) => crack.id },
    { name: "Length", unit, value: (crack) => (isInMm ? crack.length_mm : crack.length_px) },
    { name: "Width", unit: `${unit}, mean`, value: (crack) => width(crack).mean, doubt: (crack) => width(crack).uncertainty.toPrecision(1) },
    { name: "Width", unit: `${unit}, 95 %`, value: (crack) => width(crack).p95 },
    { name: "Widest", unit, value: (crack) => width(crack).max },
    { name: "Direction", unit: "°", value: (crack) => crack.orientation_deg },
    { name: "Sure", unit: "of 1", value: (crack) => crack.mean_probability },
  ];
}

/** A number with three digits that count. */
export function digits(value) {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

export class Table {
  /** @param {{onHover: (id: ?number) => void, onChoose: (id: number) => void}} told */
  constructor(table, told) {
    Object.assign(this, { head: table.tHead, body: table.tBodies[0], box: table.parentElement, told, cracks: [] });
    this.order = { column: WIDTH_HELD, isFalling: true }; // the widest first
    this.least = { width: 0, length: 0 };
    this.rows = new Map();
  }

  /** `limitsCase`: of the table of limits, the case whose verdicts are shown. "How many of how many" comes back. */
  setCracks(cracks, limitsCase) {
    const unit = cracks.length > 0 && cracks.every((crack) => crack.width_mm) ? "mm" : "px";
    if (unit !== this.unit) this.least = { width: 0, length: 0 }; // 100 px and 100 mm are not the same
    Object.assign(this, { cracks, unit, columns: columnsFor(unit === "mm") });
    if (cracks.some((crack) => crack.limits)) {
      const limits = { name: "Limits", unit: "screening", text: (crack) => verdict(crack, limitsCase) };
      this.columns.splice(WIDTH_HELD + 1, 0, limits); // beside the width that is held against them
    }
    return this.render();
  }

  /** @param {{width?: number, length?: number}} change in the table's unit; "How many of how many" comes back */
  filter(change) {
    Object.assign(this.least, change);
    return this.render();
  }

  light(id) {
    for (const [own, row] of this.rows) row.classList.toggle("lit", own === id);
  }

  scrollTo(id) {
    const row = this.rows.get(id);
    if (!row) return;
    // Of the table's own box alone: the picture stays where it is on the page.
    const [top, height] = [row.offsetTop - this.head.offsetHeight, row.offsetHeight];
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.head.offsetHeight + height > scrollTop + clientHeight) {
      this.box.scrollTop = top + this.head.offsetHeight + height - clientHeight;
    }
  }

  render() {
    this.head.replaceChildren(this.headRow());
    const { column, isFalling } = this.order;
    const key = this.columns[column]?.value ?? this.columns[0].value;
    const [length, width] = [this.columns[LENGTH], this.columns[WIDTH_HELD]];
    const kept = this.cracks
      .filter((crack) => width.value(crack) >= this.least.width && length.value(crack) >= this.least.length)
      .sort((one, other) => (isFalling ? key(other) - key(one) : key(one) - key(other)));
    const shown = kept.slice(0, MOST_ROWS);
    this.rows = new Map(shown.map((crack) => [crack.id, this.row(crack)]));
    this.body.replaceChildren(...this.rows.values());
    const rest = kept.length > shown.length ? `, the first ${shown.length} shown` : "";
    return `${kept.length} of ${this.cracks.length}${rest}`;
  }

  headRow() {
    const row = document.createElement("tr");
    this.columns.forEach((column, number) => {
      const cell = element("th", { scope: "col" });
      if (column.value) {
        const button = element("button", { type: "button" }, element("span", {}, column.name), element("small", {}, column.unit || " "));
        button.addEventListener("click", () => this.sortBy(number));
        cell.append(button);
        const isSorted = number === this.order.column;
        if (isSorted) cell.setAttribute("aria-sort", this.order.isFalling ? "descending" : "ascending");
      } else {
        cell.append(`${column.name}, ${column.unit}`);
      }
      row.append(cell);
    });
    return row;
  }

  sortBy(column) {
    const isSame = column === this.order.column;
    this.order = { column, isFalling: isSame ? !this.order.isFalling : column > 0 };
    this.render();
    this.head.rows[0].cells[column].querySelector("button").focus();
  }

  row(crack) {
    const row = document.createElement("tr");
    this.columns.forEach((column, number) => {
      const cell = document.createElement("td");
      if (number === 0) cell.append(this.goTo(crack.id));
      else cell.append(column.text ? column.text(crack) : digits(column.value(crack)));
      if (column.doubt) cell.append(element("span", { class: "tag" }, ` ±${Number(column.doubt(crack))}`));
      row.append(cell);
    });
    for (const flag of crack.flags) row.cells[2].append(element("span", { class: "tag", title: FLAGS[flag] ?? flag }, " <3px"));
    row.addEventListener("pointerenter", () => this.told.onHover(crack.id));
    row.addEventListener("pointerleave", () => this.told.onHover(null));
    row.addEventListener("focusin", () => this.told.onHover(crack.id));
    return row;
  }

  goTo(id) {
    const button = element("button", { type: "button", class: "go", "aria-label": `Show crack ${id} in the photo` }, String(id));
    button.addEventListener("click", () => this.told.onChoose(id));
    return button;
  }
}

function verdict(crack, limitsCase) {
  return crack.limits?.find((one) => one.case === limitsCase)?.verdict ?? "–";
}
