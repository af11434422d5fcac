/** You and a net at a table: what you do leads to what is shown and to what the net does. */

import { decodePosition, encodePosition } from "../rules/rules.js";
import { countsOf } from "./board_view.js";
import { NET, YOU, indexOf, spotOf } from "./layout.js";
import { diceOf, hintArrows, lastArrows, pipsOf } from "./showing.js";
import { lineOf, ranked, chancesOn, turned } from "./thinking.js";
import { WAIT, messageOf, nextOf } from "./words.js";

const HINTS = 5;

export class Table {
  /**
   * `session` is played on `view`, a BoardView, and told of in `panel`, a Panel; `part` returns an
   * element of the page by its id; `still` says whether nothing is to move by itself.
   */
  constructor({ session, view, panel, part, still }) {
    this.session = session;
    this.view = view;
    this.panel = panel;
    this.part = part;
    this.still = still;
    /** The net that plays and its name; null until one is there. */
    this.net = null;
    this.name = "";
    /** The spot of the chosen checker, and the checker in the hand, {spot, x, y}. */
    this.picked = null;
    this.lifted = null;
    /** The best plays as long as they are shown, and the number of the one that is shown alone. */
    this.hints = [];
    this.chosen = null;
    /** Checkers on their way: the counts to be shown meanwhile. */
    this.counts = null;
    /** Whether a new game was asked for in the middle of one. */
    this.leaving = false;
    /** Whether somebody is writing a Position ID, which must not be written over. */
    this.typing = false;
  }

  // ---- what is shown

  show() {
    const { session, view, panel } = this;
    const lit = this.litSpots();
    const movable = session.phase === "move" && !this.counts
      ? session.moving.sources().map((index) => spotOf(YOU, index)) : [];
    view.show({ counts: this.counts ?? countsOf(session.shown, session.turn), movable, lit,
      picked: this.picked, lifted: this.lifted, dice: diceOf(session), arrows: this.arrows(),
      ready: this.ready });
    panel.players({ pips: pipsOf(session), score: session.score,
      turn: session.phase === "over" || session.phase === "begin" ? null : session.turn });
    panel.hints(this.hints, this.chosen);
    panel.plays(session.record);
    panel.message(messageOf(session, this.name, { net: this.net, leaving: this.leaving }));
    this.showButtons();
  }

  showButtons() {
    const { session, part } = this;
    part("next-label").textContent = nextOf(session) || WAIT;
    part("next").disabled = !this.ready;
    part("undo").disabled = !(session.moving?.made.length > 0);
    part("hint").disabled = session.phase !== "move" || !this.net;
    part("hint").setAttribute("aria-pressed", String(this.hints.length > 0));
    if (!this.typing) part("id").value = encodePosition(session.board);
  }

  /** Whether you can throw, confirm or go on. */
  get ready() {
    const { phase, moving } = this.session;
    return phase === "move" ? moving.complete : phase !== "net";
  }

  arrows() {
    if (this.hints.length) return hintArrows(this.hints, this.chosen);
    return this.counts ? [] : lastArrows(this.session);
  }

  litSpots() {
    const from = this.lifted?.spot ?? this.picked;
    if (from === null || this.session.phase !== "move") return [];
    return [...this.session.moving.ways(indexOf(from)).keys()].map((to) => spotOf(YOU, to));
  }

  // ---- what you do

  /** Do what comes next: throw, confirm, go on, begin the next game. */
  next() {
    const { session } = this;
    if (!this.ready) return;
    if (this.net) this.panel.error("");
    if (session.phase === "begin") session.begin();
    else if (session.phase === "roll") session.throwDice();
    else if (session.phase === "over") session.newGame();
    else session.confirm();
    this.settled();
  }

  /** Choose the checker of a spot, or let the chosen one go there. */
  press(spot) {
    const { session } = this;
    if (session.phase !== "move") return;
    if (this.picked !== null && this.picked !== spot && this.litSpots().includes(spot)) {
      this.drop(this.picked, spot);
      return;
    }
    const from = indexOf(spot);
    const ways = from === null || from < 0 ? new Map() : session.moving.ways(from);
    if (ways.size === 0) this.picked = null;
    else if (ways.size === 1 || this.picked === spot) {
      // Of several ways a second click takes the first: the larger die.
      this.drop(spot, spotOf(YOU, ways.keys().next().value));
      return;
    } else this.picked = spot;
    this.show();
  }

  /** Let a checker go from spot to spot, if it may. */
  drop(from, to) {
    const next = this.session.moving?.drop(indexOf(from), indexOf(to) ?? from);
    if (next) this.session.moving = next;
    this.forget();
    this.show();
  }

  /** Take a checker into the hand, carry it, or, with null, lay it back. */
  lift(lifted) {
    const carried = this.lifted && lifted;
    this.lifted = lifted;
    if (lifted) this.picked = null;
    if (carried) this.view.carry(lifted);
    else this.show();
  }

  undo() {
    if (!this.session.moving?.made.length) return;
    this.session.moving = this.session.moving.undone();
    this.forget();
    this.show();
  }

  /** Begin another game; in the middle of one only if it is asked twice. */
  newGame() {
    const { phase, last, opening } = this.session;
    const running = phase !== "over" && (last !== null || opening !== null || phase === "roll");
    if (running && !this.leaving) {
      this.leaving = true;
      this.show();
      return;
    }
    this.session.newGame();
    this.settled();
  }

  /** Play on from a Position ID, with you on roll; says what is wrong with it. */
  setPosition(id) {
    try {
      this.session.playFrom(decodePosition(id.trim()));
      this.panel.error("");
    } catch (error) {
      this.panel.error(lineOf(error));
      return false;
    }
    this.settled();
    return true;
  }

  /** Show the five best plays of your roll, or take them away. */
  async hint() {
    const { session, net } = this;
    if (this.hints.length) {
      this.forget();
      this.show();
    } else if (session.phase === "move" && net) {
      await this.asking(async (late) => {
        const plays = await ranked(net, session.board, session.roll);
        if (late()) return;
        session.takeBack();
        this.hints = plays.slice(0, HINTS);
        this.chosen = null;
        this.show();
      });
    }
  }

  /** Look at one hint alone, or at all again. */
  choose(n) {
    if (n >= this.hints.length) return;
    this.chosen = this.chosen === n ? null : n;
    this.show();
    this.part("hint-rows").children[n].firstChild.focus();
  }

  forget() {
    this.picked = this.lifted = this.chosen = null;
    this.hints = [];
    this.leaving = false;
  }

  // ---- what the net does

  /** Let another net play on. */
  seat(net, name) {
    this.net?.close();
    this.net = net;
    this.name = name;
    this.view.names[NET] = name;
    this.settled();
  }

  /** Show a new state of the game, ask for its chances, and let the net play if it is on roll. */
  settled() {
    this.forget();
    this.counts = null;
    this.typing = false;
    this.show();
    this.tellChances();
    if (this.session.phase === "net") this.letNetPlay();
  }

  /** Do something with the net; its answer is dropped if the game has gone on meanwhile. */
  async asking(work) {
    const { stage } = this.session;
    const { net } = this;
    const late = () => stage !== this.session.stage || net !== this.net;
    try {
      await work(late);
    } catch (error) {
      if (!late()) this.panel.error(lineOf(error));
    }
  }

  async tellChances() {
    const { session, net, panel } = this;
    if (!net) {
      panel.chances(null, this.name);
      return;
    }
    await this.asking(async (late) => {
      const chances = await chancesOn(net, session.board);
      if (!late()) panel.chances(session.turn === YOU ? chances : turned(chances), this.name);
    });
  }

  async letNetPlay() {
    const { session, net } = this;
    if (!net) return;
    await this.asking(async (late) => {
      if (!session.roll) session.throwDice();
      this.show();
      const [[best]] = await Promise.all(
        [ranked(net, session.board, session.roll), this.wait(500)]);
      if (late()) return;
      if (!await this.flown(best.moves, late)) return;
      session.played(best.moves, best.text, best.after);
      this.settled();
    });
  }

  wait(milliseconds) {
    if (this.still()) return undefined;
    return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  }

  /** Let the net's checkers go to their places; false if the game has gone on meanwhile. */
  async flown(moves, late) {
    if (this.still()) return true;
    const counts = countsOf(this.session.board, NET);
    for (const { from, to, hit } of moves) {
      const [source, target] = [spotOf(NET, from), spotOf(NET, to)];
      counts[NET][source] -= 1;
      this.counts = counts;
      this.show();
      await this.view.fly(NET, source, target, 330);
      if (late()) return false;
      counts[NET][target] += 1;
      if (hit) {
        counts[YOU][target] -= 1;
        counts[YOU][spotOf(YOU, 24)] += 1;
      }
    }
    this.counts = null;
    return true;
  }
}
