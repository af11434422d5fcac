/** What stands beside the board: the players, the chances, the best plays, errors. */

const MISTAKE = 0.02;

/** Return a number as it is written here: with a true minus, and a plus where it is asked for. */
export function signed(value, digits, plus = true) {
  const text = Math.abs(value).toFixed(digits);
  // What rounds to nothing has no sign.
  if (Number(text) === 0) return text;
  return (value < 0 ? "\u2212" : plus ? "+" : "") + text;
}

const percent = (share) => (100 * share).toFixed(1);

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export class Panel {
  /** `part` returns an element of the page by its id; `choose` is told which hint is looked at. */
  constructor(part, choose) {
    this.part = part;
    this.choose = choose;
  }

  /** Show both players: name, pips, score, whose turn it is. */
  players({ pips, score, turn }) {
    [0, 1].forEach((player) => {
      this.part(`pips-${player}`).textContent = String(pips[player]);
      this.part(`score-${player}`).textContent = String(score[player]);
      this.part(`card-${player}`).classList.toggle("on-roll", player === turn);
    });
  }

  /** Show your chances; null while they are not known. */
  chances(mine, name) {
    const part = this.part("chances");
    part.classList.toggle("unknown", mine === null);
    if (mine === null) return;
    const { win, winGammon, winBackgammon, loseGammon, loseBackgammon, equity } = mine;
    const shares = [winBackgammon, winGammon - winBackgammon, win - winGammon,
      1 - win - loseGammon, loseGammon - loseBackgammon, loseBackgammon];
    const names = ["win-3", "win-2", "win-1", "lose-1", "lose-2", "lose-3"];
    this.part("bar").replaceChildren(...shares.map((share, i) => {
      const one = element("span", names[i]);
      one.style.flexGrow = String(Math.max(0, share));
      return one;
    }));
    const texts = { win: percent(win), "win-g": percent(winGammon), "win-b": percent(winBackgammon),
      lose: percent(1 - win), "lose-g": percent(loseGammon), "lose-b": percent(loseBackgammon),
      equity: signed(equity, 3), "lose-equity": signed(-equity, 3) };
    for (const [id, text] of Object.entries(texts)) this.part(id).textContent = text;
    this.part("lose-name").textContent = name;
  }

  /** Show the best plays, or none; `chosen` is the number of the one looked at alone. */
  hints(plays, chosen) {
    this.part("hints").hidden = plays.length === 0;
    this.part("hint-rows").replaceChildren(...plays.map((play, n) => {
      const { equity, win, winGammon, loseGammon } = play.chances;
      const behind = equity - plays[0].chances.equity;
      const row = element("button", "hint",
        element("span", `rank rank-${n}`, String(n + 1)), element("span", "play", play.text),
        element("span", "", signed(equity, 3)),
        element("span", -behind >= MISTAKE ? "bad" : "faint", n ? signed(behind, 3) : ""),
        element("span", "", percent(win)), element("span", "faint wide", percent(winGammon)),
        element("span", "faint wide", percent(loseGammon)));
      row.type = "button";
      row.setAttribute("aria-pressed", String(n === chosen));
      row.setAttribute("aria-label", `${n + 1}: ${play.text}, equity ${signed(equity, 3)}, `
        + `wins ${percent(win)} %, gammons won ${percent(winGammon)} %, `
        + `lost ${percent(loseGammon)} %`);
      row.addEventListener("click", () => this.choose(n));
      return element("li", "", row);
    }));
  }

  /** List the plays of the game. */
  plays(record) {
    const rows = this.part("play-rows");
    if (rows.children.length > record.length) rows.replaceChildren();
    for (const { player, roll, text } of record.slice(rows.children.length)) {
      const [high, low] = [Math.max(...roll), Math.min(...roll)];
      rows.append(element("li", "", element("span", `disc disc-${player}`),
        element("span", "unseen", player ? "The net " : "You "),
        `${high}${low}: ${text || "no move"}`));
    }
    // Its height changes with the hints; the last play is to be seen all the same.
    const shown = `${record.length} ${this.part("hints").hidden}`;
    if (shown !== this.shown) rows.parentElement.scrollTop = rows.parentElement.scrollHeight;
    this.shown = shown;
  }

  /** Say what can be done next. */
  message(text) {
    if (this.part("message").textContent !== text) this.part("message").textContent = text;
  }

  /** Say what is wrong, in one line; "" takes it away. */
  error(text) {
    this.part("error").textContent = text;
    this.part("error").hidden = !text;
  }
}
