"use strict";
// Moves a cursor over the events and shows who does what, and who holds which
// descriptor, there. The page says all it has to say without this.
(function () {
  const byId = (id) => document.getElementById(id);
  const story = JSON.parse(byId("story").textContent);
  const root = document.documentElement;
  root.classList.add("has-script");

  const range = byId("cursor-range");
  const cursor = byId("cursor");
  const says = byId("says");
  const hint = byId("hint");
  const lanes = byId("lanes");
  const last = story.events.length - 1;

  function element(name, text, kind) {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  // A table of rows that begin with a heading, and a word below it.
  function fill(table, head, rows) {
    const top = document.createElement("thead");
    const line = document.createElement("tr");
    line.append(...head.map((text) => element("th", text)));
    top.append(line);
    const body = document.createElement("tbody");
    for (const [isNow, name, below, ...cells] of rows) {
      const line = document.createElement("tr");
      if (isNow) line.className = "now";
      const first = document.createElement("th");
      first.append(element("b", name));
      if (below) first.append(" ", below);
      first.scope = "row";
      line.append(first, ...cells);
      body.append(line);
    }
    table.replaceChildren(top, body);
  }

  function duration(us) {
    if (us < 1e3) return us + " us";
    if (us < 1e6) return (Math.floor(us / 100) / 10).toFixed(1) + " ms";
    return (Math.floor(us / 1e4) / 100).toFixed(2) + " s";
  }

  // What a process does just after an event.
  function doing(number, seq, t, holders) {
    const who = story.processes[number];
    if (who.end !== null && who.end <= seq) return ["zombie", "zombie"];
    const span = story.spans.find(
      (s) => s[0] === number && s[1] <= t && t < s[2],
    );
    if (!span) return story.seesWaits ? ["run", "runs"] : ["there", "there"];
    const [, , , kind, text, other] = span;
    if (!other) return [kind, text];
    const by = holders.get(other) || ["nobody"];
    const few = by.slice(0, 3).join(", ");
    const more = by.length > 3 ? " and " + (by.length - 3) + " more" : "";
    return [kind, text + " (" + other + ": " + few + more + ")"];
  }

  function tables(seq, t, now) {
    const ends = new Map();
    const owners = new Map();
    const mine = new Map();
    for (const [process, fd, name, from, until, isEnd] of story.holdings) {
      if (from > seq || (until !== null && until <= seq)) continue;
      const who = story.processes[process].who;
      if (isEnd) {
        if (!ends.has(name)) ends.set(name, []);
        ends.get(name).push(who + " (" + fd + ")");
        if (!owners.has(name)) owners.set(name, []);
        if (!owners.get(name).includes(who)) owners.get(name).push(who);
      }
      if (!mine.has(process)) mine.set(process, []);
      mine.get(process).push([fd, fd + " " + name]);
    }
    const rows = [];
    const alike = new Map();
    story.processes.forEach((who, number) => {
      const isOver = who.end !== null && who.end <= seq;
      if (who.birth > seq || (isOver && !(who.gone > t))) return;
      const [kind, text] = doing(number, seq, t, owners);
      const list = (mine.get(number) || []).sort((a, b) => a[0] - b[0]);
      const names = list.map((pair) => pair[1]).join("\n");
      // Those of a crowd who do and hold the same share a row.
      const same = [who.title.slice(who.who.length), text, names].join("\n");
      const crowd = number !== now && alike.get(same);
      if (crowd) {
        crowd[1] = crowd.title + " and " + ++crowd.more + " more";
        return;
      }
      const none = story.seesWaits ? "–" : "not seen";
      const holds = element("td", names || none);
      holds.style.whiteSpace = "pre-line";
      const row = [number === now, who.title, element("small", text, kind), holds];
      if (number !== now) {
        alike.set(same, Object.assign(row, { title: who.title, more: 0 }));
      }
      rows.push(row);
    });
    fill(byId("holders"), ["process", "holds"], rows);
    const held = story.ends.filter((pair) => pair.some((end) => ends.has(end)));
    const lines = held.flat().map((end) => {
      const list = ends.get(end);
      return [false, end, null, element("td", list ? list.join(", ") : "nobody")];
    });
    fill(byId("ends"), ["end", "held by (descriptor)"], lines);
    byId("ends").hidden = lines.length === 0;
  }

  // Where an event stands: on its thread's lane, or its process's.
  function height(event) {
    return event[5] === undefined ? story.processes[event[3]].y : event[5];
  }

  function show(wanted) {
    const number = Math.min(last, Math.max(0, wanted));
    const event = story.events[number];
    if (!event) return;
    const [seq, t, x, process, text, , thread] = event;
    const who = story.processes[process];
    const y = height(event);
    range.value = number;
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("transform", "translate(" + x + " 0)");
    const dot = cursor.querySelector("circle");
    dot.setAttribute("cy", y === null ? -99 : y);
    says.textContent = duration(t) + "  " + (thread || who.title) + ": " + text;
    range.setAttribute("aria-valuetext", says.textContent);
    tables(seq, t, process);
  }

  function move(by) {
    show(Number(range.value) + by);
  }

  // The event that is nearest to a point: in its lane, if the lane is near.
  function nearest(x, y) {
    let best = 0;
    let least = Infinity;
    story.events.forEach((event, number) => {
      const here = event[2];
      const lane = height(event);
      const off = lane === null ? 60 : Math.abs(lane - y);
      const far = Math.abs(here - x) + Math.min(off, 60) / 4;
      if (far < least) [best, least] = [number, far];
    });
    return best;
  }

  function point(event) {
    const box = lanes.getBoundingClientRect();
    const scale = lanes.viewBox.baseVal.width / box.width;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    show(nearest(x * scale, y * scale));
  }

  // Titles become hints that show at once.
  for (const title of document.querySelectorAll("svg.lanes title")) {
    const owner = title.parentNode;
    if (owner === lanes) continue;
    owner.dataset.says = title.textContent;
    title.remove();
  }
  document.addEventListener("mousemove", (event) => {
    const owner = event.target.closest("[data-says]");
    hint.hidden = !owner;
    if (!owner) return;
    hint.textContent = owner.dataset.says;
    const left = Math.min(event.clientX + 12, innerWidth - hint.offsetWidth - 8);
    const below = event.clientY + 18;
    const isLow = below + hint.offsetHeight > innerHeight;
    const top = isLow ? event.clientY - hint.offsetHeight - 8 : below;
    hint.style.left = Math.max(4, left) + "px";
    hint.style.top = top + "px";
  });
  document.addEventListener("mouseleave", () => (hint.hidden = true));

  range.max = Math.max(0, last);
  range.addEventListener("input", () => show(Number(range.value)));
  byId("back").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  lanes.setAttribute("tabindex", "0");
  lanes.addEventListener("click", point);
  lanes.addEventListener("mousemove", (event) => {
    if (event.buttons === 1) point(event);
  });
  lanes.addEventListener("keydown", (event) => {
    const far = last + 1;
    const keys = { ArrowLeft: -1, ArrowRight: 1, Home: -far, End: far };
    const step = keys[event.key];
    if (!step) return;
    event.preventDefault();
    move(step);
  });
  byId("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });
  show(story.start);
})();
