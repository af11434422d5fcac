/** The page: reads what its address asks for, opens the net and sets the table. */

import { EmbedError } from "../rules/rules.js";
import { BoardView } from "./board_view.js";
import { freshSeed } from "./dice.js";
import { giveHands } from "./hands.js";
import { openNet } from "./net.js";
import { Panel } from "./panel.js";
import { Session } from "./session.js";
import { Table } from "./table.js";
import { lineOf } from "./thinking.js";

const MODELS = "models/models.json";
const OWN_FILE = "own file";

const part = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);

/** Return the seed that the address asks for, or one that nobody knows. */
function seed() {
  const text = asked.get("seed");
  if (text === null) return freshSeed();
  if (!/^\d{1,38}$/.test(text)) {
    throw new EmbedError(`seed ${text.slice(0, 40)} must be a whole number of at most 38 digits`);
  }
  return BigInt(text);
}

/** Return the nets of this page: [{name, file}]. */
async function readModels() {
  const answer = await fetch(MODELS);
  if (!answer.ok) throw new EmbedError(`there is no file ${MODELS} (${answer.status})`);
  const models = await answer.json().catch(() => []);
  if (!models[0]?.file) throw new EmbedError(`${MODELS} names no net; build.sh writes it`);
  return models;
}

/** Return the net that the address asks for, else the first one. */
function chosen(models) {
  const name = asked.get("net");
  const found = name === null ? models[0] : models.find((model) => model.name === name);
  if (found) return found;
  const names = models.map((model) => model.name).join(", ");
  throw new EmbedError(`there is no net ${name.slice(0, 40)} here; there are ${names}`);
}

let opening = 0;

/** Open a net and let it play; while it is opened, and if it cannot be, the one before plays on. */
async function seat(table, name, source) {
  const mine = opening += 1;
  part("net").setAttribute("aria-busy", "true");
  try {
    const net = await openNet(source);
    if (mine !== opening) {
      net.close();
      return;
    }
    table.panel.error("");
    table.seat(net, name);
  } catch (error) {
    if (mine !== opening) return;
    table.panel.error(`${name}: ${lineOf(error)}`);
    table.show();
  } finally {
    if (mine === opening) part("net").removeAttribute("aria-busy");
  }
}

/** Offer the nets of the page and files of one's own; `models` are [{name, file or bytes}]. */
function offer(models, table) {
  const list = part("net");
  const show = (name) => {
    list.replaceChildren(...models.map((model) => new Option(model.name, model.name)),
      new Option("A file of your own \u2026", OWN_FILE));
    list.value = name;
  };
  const play = (model) => {
    show(model.name);
    return seat(table, model.name, model.bytes ?? `models/${model.file}`);
  };
  let last = models[0].name;
  list.addEventListener("change", () => {
    const model = models.find(({ name }) => name === list.value);
    if (model) {
      last = model.name;
      play(model);
    } else {
      // The list goes on showing who plays until there is a file.
      list.value = last;
      part("file").click();
    }
  });
  part("file").addEventListener("change", async () => {
    const [file] = part("file").files;
    if (!file) return;
    const bytes = await file.arrayBuffer();
    part("file").value = "";
    const model = { name: file.name.replace(/\.onnx$/, "").slice(0, 40), bytes };
    models = [...models.filter(({ name }) => name !== model.name), model];
    last = model.name;
    play(model);
  });
  return play;
}

function giveButtons(table) {
  const does = { next: () => table.next(), undo: () => table.undo(), hint: () => table.hint(),
    "new-game": () => table.newGame() };
  for (const [id, work] of Object.entries(does)) {
    part(id).addEventListener("click", (event) => {
      work();
      // After a click with the mouse the keys are for the game, not for this button.
      if (event.detail > 0) part(id).blur();
    });
  }
  part("position").addEventListener("submit", (event) => {
    event.preventDefault();
    if (table.setPosition(part("id").value)) part("id").blur();
    else part("id").select();
  });
  part("id").addEventListener("focus", () => part("id").select());
  part("id").addEventListener("input", () => { table.typing = true; });
}

/** Lay the board for the width of the window, now and whenever that changes. */
function fit(view) {
  const narrow = matchMedia("(max-width: 640px) and (orientation: portrait)");
  view.lay(narrow.matches);
  narrow.addEventListener("change", () => view.lay(narrow.matches));
}

async function begin() {
  let table = null;
  const panel = new Panel(part, (n) => table.choose(n));
  try {
    const view = new BoardView(part("board"));
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    table = new Table({ session: new Session(seed()), view, panel, part,
      still: () => motion.matches || document.hidden });
    fit(view);
    table.show();
    giveHands(table, part);
    giveButtons(table);
    const models = await readModels();
    const play = offer(models, table);
    await play(chosen(models));
  } catch (error) {
    panel.error(lineOf(error));
  }
}

begin();
