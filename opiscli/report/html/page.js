"use strict";
// The threshold explorer and the table of classes. Reads the counts that the page carries
// and computes rates from them as the opis command does; writes text, never markup.
(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const nThresholds = data.distances.length;
  const nClasses = data.names.length;
  const PAGE = 50;
  const LOWEST = 5;
  const [positive, negative] = await Promise.all([unpack(data.positive), unpack(data.negative)]);
  const classes = data.names.map((name, code) => ({
    code, name, size: data.sizes[code], folded: name.toLowerCase(),
    positivePairs: data.positive_pairs[code], negativePairs: data.negative_pairs[code],
    meanUtility: data.mean_utility[code], part: data.opis_contribution[code],
    far: 0, frr: 0, utility: 0, out: "",
  }));
  const columns = [
    { title: "class", key: "folded", show: (c) => c.name },
    { title: "items", key: "size", show: (c) => whole(c.size) },
    { title: "FAR", key: "far", show: (c) => general(c.far) },
    { title: "FRR", key: "frr", show: (c) => general(c.frr) },
    { title: "class score", key: "utility", show: (c) => fixed(c.utility) },
    { title: "FAR > 2× overall", key: "out", show: (c) => c.out },
    { title: "mean score", key: "meanUtility", show: (c) => fixed(c.meanUtility) },
    { title: "contribution to OPIS", key: "part", show: (c) => general(c.part) },
  ];
  const LOWEST_COLUMNS = columns.slice(0, 6);
  // The first click on a heading puts the largest numbers first, and names in their order.
  let sorting = { column: columns[6], down: false };
  let nShown = PAGE;

  // Planes of bytes, lowest first, of the steps from threshold to threshold.
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed.gzip), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const counts = new Float64Array(planes.length / packed.bytes_each);
    for (let plane = packed.bytes_each - 1; plane >= 0; plane--) {
      const start = plane * counts.length;
      for (let i = 0; i < counts.length; i++) counts[i] = counts[i] * 256 + planes[start + i];
    }
    for (let i = 0; i < counts.length; i++) if (i % nThresholds) counts[i] += counts[i - 1];
    return counts;
  }

  function utility(accepted, c, tpr) {
    const tnr = (c.negativePairs - accepted.negative) / c.negativePairs;
    const both = accepted.positive + accepted.negative;
    const precision = both > 0 ? accepted.positive / both : 0;
    const first = data.utility.kind === "precision-recall" ? precision : tnr;
    const b = data.utility.beta ** 2;
    const below = b * first + tpr;
    return below > 0 ? ((1 + b) * first * tpr) / below : 0;
  }

  function ratesAt(position) {
    let accepted = data.singletons_negative[position];
    let kept = 0;
    let sum = 0;
    for (const c of classes) {
      const cell = c.code * nThresholds + position;
      const own = { positive: positive[cell], negative: negative[cell] };
      accepted += own.negative;
      kept += own.positive;
      c.far = own.negative / c.negativePairs;
      c.frr = (c.positivePairs - own.positive) / c.positivePairs;
      c.utility = utility(own, c, own.positive / c.positivePairs);
      sum += c.far;
    }
    const k = accepted / data.ends; // a negative pair is seen from both its classes
    const pooled = { k, kept, far: k / data.n_negative, tar: kept / data.n_positive };
    pooled.macroFar = sum / nClasses;
    for (const c of classes) {
      c.out = c.far > 2 * pooled.far ? "yes" : "";
    }
    return pooled;
  }

  // Numbers look as the command prints them: rounded from all digits of the binary value, an
  // exact half to the even digit.
  function digits(options) {
    const writer = new Intl.NumberFormat("en-US", { useGrouping: false, roundingMode: "halfEven", ...options });
    return (value) => writer.format(value.toFixed(100));
  }

  const fixed = digits({ minimumFractionDigits: 4, maximumFractionDigits: 4 });
  const FOUR = { minimumSignificantDigits: 4, maximumSignificantDigits: 4 };
  const plain = digits(FOUR);
  const scientific = digits({ ...FOUR, notation: "scientific" });
  const whole = (value) => value.toLocaleString("en-US");

  function general(value) {
    if (value === 0) return "0";
    const [mantissa, exponent] = scientific(value).split("E");
    if (exponent >= -4 && exponent < 4) return plain(value);
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }

  const element = (id) => document.getElementById(id);
  const write = (id, text) => { element(id).textContent = text; };

  function row(c, shown) {
    const line = document.createElement("tr");
    shown.forEach((column, i) => {
      const cell = document.createElement(i ? "td" : "th");
      if (!i) cell.scope = "row";
      cell.textContent = column.show(c);
      cell.classList.toggle("out", column.key === "out");
      line.append(cell);
    });
    return line;
  }

  const slider = element("threshold");
  let typedIn = null;

  // A field takes the threshold in one unit: along the slider similarities fall, distances grow.
  function thresholdField(id, title, texts) {
    const input = element(id);
    const plainTexts = texts.map((text) => text.replace("\u2212", "-"));
    const numbers = plainTexts.map(Number);
    const grows = numbers[0] <= numbers[nThresholds - 1];
    const [least, most] = grows ? [0, nThresholds - 1] : [nThresholds - 1, 0];
    const isNotMoreLenient = (number, than) => (grows ? number <= than : number >= than);
    [input.min, input.max] = [plainTexts[least], plainTexts[most]];

    function accept() {
      input.removeAttribute("aria-invalid");
      if (!document.querySelector(".fields [aria-invalid]")) write("refused", "");
    }

    function show(position) {
      input.value = plainTexts[position];
      accept();
    }

    function refuse() {
      input.setAttribute("aria-invalid", "true");
      const why = input.value === "" ? "is not a number" : "is out of range";
      write("refused", `${title} ${why}, expected ${texts[least]} to ${texts[most]}. The threshold stays as it was.`);
    }

    function take() {
      const value = input.valueAsNumber;
      if (!(value >= numbers[least] && value <= numbers[most])) return refuse();
      if (value !== numbers[Number(slider.value)]) {
        slider.value = String(numbers.findLastIndex((number) => isNotMoreLenient(number, value)));
      }
      accept();
      typedIn = field;
      explore();
      typedIn = null;
    }

    const field = { show };
    input.addEventListener("input", take);
    // What was typed is replaced by the counted threshold that was chosen.
    input.addEventListener("change", () => {
      if (!input.hasAttribute("aria-invalid")) show(Number(slider.value));
    });
    input.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      slider.value = String(Number(slider.value) + (grows ? step : -step));
      explore();
    });
    return field;
  }

  const fields = [
    thresholdField("similarity", "Similarity", data.similarities),
    thresholdField("distance", "Distance", data.distances),
  ];

  function explore() {
    const position = Number(slider.value);
    const pooled = ratesAt(position);
    const text = `similarity ≥ ${data.similarities[position]}, distance ≤ ${data.distances[position]}`;
    write("threshold-text", text);
    slider.setAttribute("aria-valuetext", `${text}, FAR ${general(pooled.far)}`);
    for (const field of fields) if (field !== typedIn) field.show(position);
    write("far", general(pooled.far));
    write("far-counts", `${whole(pooled.k)} / ${whole(data.n_negative)}`);
    write("tar", general(pooled.tar));
    write("tar-counts", `${whole(pooled.kept)} / ${whole(data.n_positive)}`);
    write("macro-far", general(pooled.macroFar));
    for (const [key, pairs] of [["far", "negativePairs"], ["frr", "positivePairs"]]) {
      const worst = classes.reduce((a, b) => (b[key] > a[key] || (b[key] === a[key] && b[pairs] > a[pairs]) ? b : a));
      write(`worst-${key}`, general(worst[key]));
      write(`worst-${key}-label`, worst.name);
      const nTied = classes.filter((c) => c[key] === worst[key]).length;
      write(`worst-${key}-tied`, nTied > 1 ? `one of ${whole(nTied)} classes with this rate` : "");
    }
    const nOut = classes.filter((c) => c.out).length;
    write("out", general(nOut / nClasses));
    write("out-counts", `${whole(nOut)} / ${whole(nClasses)}`);
    const lowest = [...classes].sort((a, b) => a.utility - b.utility || b.positivePairs - a.positivePairs).slice(0, LOWEST);
    element("lowest").tBodies[0].replaceChildren(...lowest.map((c) => row(c, LOWEST_COLUMNS)));
    for (const button of element("points").children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.position) === position));
    }
    list();
  }

  function list() {
    const wanted = element("filter").value.toLowerCase();
    const found = classes.filter((c) => c.folded.includes(wanted));
    const { column, down } = sorting;
    const sign = down ? -1 : 1;
    const compare = (a, b) => (a[column.key] < b[column.key] ? -1 : Number(a[column.key] > b[column.key]));
    found.sort((a, b) => sign * compare(a, b) || a.code - b.code);
    const shown = found.slice(0, nShown);
    element("classes").tBodies[0].replaceChildren(...shown.map((c) => row(c, columns)));
    write("shown", `${whole(shown.length)} of ${whole(found.length)} shown, ${whole(nClasses)} classes in all`);
    element("more").hidden = element("all").hidden = shown.length === found.length;
  }

  function heading(column) {
    const cell = document.createElement("th");
    const button = document.createElement("button");
    cell.scope = "col";
    button.type = "button";
    button.textContent = column.title;
    button.addEventListener("click", () => {
      sorting = { column, down: sorting.column === column ? !sorting.down : column !== columns[0] };
      mark();
      list();
    });
    cell.append(button);
    return cell;
  }

  function mark() {
    [...element("classes").tHead.rows[0].cells].forEach((cell, i) => {
      if (columns[i] !== sorting.column) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
    });
  }

  slider.max = String(nThresholds - 1);
  for (const point of data.points) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.position = String(point.position);
    button.textContent = `FAR ≤ ${point.target}`;
    button.addEventListener("click", () => {
      slider.value = button.dataset.position;
      explore();
    });
    element("points").append(button);
  }
  element("classes").tHead.rows[0].append(...columns.map(heading));
  mark();
  slider.value = String(data.start);
  write("strictest", `similarity ${data.similarities[0]}, distance ${data.distances[0]}`);
  write("most-lenient", `similarity ${data.similarities[nThresholds - 1]}, distance ${data.distances[nThresholds - 1]}`);
  slider.addEventListener("input", explore);
  element("filter").addEventListener("input", () => { nShown = PAGE; list(); });
  element("more").addEventListener("click", () => { nShown += PAGE; list(); });
  element("all").addEventListener("click", () => { nShown = nClasses; list(); });
  explore();
  // A keyboard and a phone show no scroll bar: say so where a table is wider than the screen.
  const watch = new ResizeObserver(() => {
    for (const box of document.querySelectorAll(".scroll")) {
      box.dataset.wide = box.scrollWidth > box.clientWidth + 1 ? "yes" : "no";
    }
  });
  for (const box of document.querySelectorAll(".scroll")) watch.observe(box);
  document.documentElement.dataset.ready = "yes";
})();
