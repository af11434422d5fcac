"""Training language models: against steps written out, and on what can and cannot be learned."""

from __future__ import annotations

import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.errors import ConfigError
from agent.nets.lstm import Stack, uniform
from study.language import LanguageModel, Trainer, Training, bits, perplexity, train
from study.text import of_text

TEXT = of_text("the quick brown fox jumps over the lazy dog. " * 40, "fox")
SMALL = Training(epochs=2, tokens=60, batch=3, steps=5, rate=0.5, clip=1.0, decay_after=1)


class Bigram(nn.Module):
    """A stack that remembers how many steps it has made, and passes its inputs times ``slope``."""

    keep: float = 1.0

    def zero_state(self, *batch):
        return np.zeros((*batch, 1), np.float32)

    @nn.compact
    def __call__(self, xs, states, train=False, slope=1.0):
        xs = nn.Dropout(1 - self.keep)(xs, deterministic=not train)
        return xs * slope, states + len(xs)


def bigram(keep=1.0, text=TEXT):
    return LanguageModel(Bigram(keep), len(text.vocabulary), 16, uniform(0.5))


def nats_of(said, tokens):
    """Return the sum of the losses of telling each of tokens [N] from those before it, one stream.

    ``said`` are the logits of as many tokens or more, of which only the first were these.
    """
    chances = np.asarray(jax.nn.log_softmax(said))
    return -chances[np.arange(len(tokens) - 1), tokens[1:]].sum()


# Against steps written out


@pytest.fixture(scope="module")
def lstm():
    return Trainer(LanguageModel(Stack(4, 2), len(TEXT.vocabulary), 3, uniform(0.3)), SMALL)


def test_learning_is_descent_along_the_summed_loss_of_a_window_with_the_state_carried_on(lstm):
    fit = lstm.fit(TEXT, 11, valid_tokens=30)
    params, model = lstm.init(11), lstm.model
    tokens = TEXT.tokens[TEXT.train].astype(np.int32)
    length = (len(tokens) - 1) // 15 * 5
    states, losses = model.stack.zero_state(3), []

    def loss_of(params, states, at):
        where = at * 5 + np.arange(5)[:, None] + np.arange(3) * length
        logits, states = model.apply(params, jnp.asarray(tokens)[where], states)
        chances = jax.nn.log_softmax(logits)
        wanted = jnp.asarray(tokens)[where + 1][..., None]
        picked = jnp.take_along_axis(chances, wanted, -1)[..., 0]
        return -picked.sum(0).mean(), states

    step = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
    for at in range(8):
        (loss, states), slope = step(params, states, at)
        losses.append(float(loss) / 5)
        norm = math.sqrt(sum(float((g**2).sum()) for g in jax.tree.leaves(slope)))
        # Rate 0.5 in the first epoch of 4 windows, half of it in the second.
        rate = (0.5 if at < 4 else 0.25) * min(1.0, 1.0 / norm)
        params = jax.tree.map(lambda p, g, rate=rate: p - rate * g, params, slope)
    assert [tokens for tokens, _ in fit.losses] == [60, 120]
    np.testing.assert_allclose([loss for _, loss in fit.losses],
                               [np.mean(losses[:4]), np.mean(losses[4:])], rtol=1e-5)
    for made, right in zip(jax.tree.leaves(fit.params), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(made, right, rtol=1e-4, atol=1e-6)


def test_every_token_but_the_first_is_measured_once_from_those_before_it(lstm):
    params, apply = lstm.init(2), jax.jit(lstm.model.apply)
    for count in (21, 22, 150, 333):
        tokens, length = TEXT.tokens[7:7 + count], -(-(count - 1) // 20)
        total = 0.0
        for first in range(0, count - 1, length):
            part = tokens[first:first + length + 1]
            # Of one length, so that it is compiled once; what stands behind cannot be looked at.
            longer = np.zeros((17, 1), np.int32)
            longer[:len(part) - 1, 0] = part[:-1]
            said, _ = apply(params, longer, lstm.model.stack.zero_state(1))
            total += nats_of(said[:, 0], part)
        assert lstm.measure(params, tokens) == pytest.approx(total / (count - 1), rel=1e-5)


def test_two_tokens_are_enough_to_be_measured():
    trainer = Trainer(bigram(), SMALL)
    params, tokens = trainer.init(1), TEXT.tokens[:2]
    said, _ = trainer.model.apply(params, tokens[:1, None].astype(np.int32), np.zeros((1, 1)))
    assert trainer.measure(params, tokens) == pytest.approx(nats_of(said[:, 0], tokens), rel=1e-5)


def test_one_seed_gives_one_model_and_another_another(lstm):
    first, again, other = (lstm.fit(TEXT, seed, valid_tokens=30) for seed in (1, 1, 2))
    assert first.losses == again.losses and first.valid == again.valid
    assert first.losses != other.losses


# What is read


def test_an_epoch_goes_on_where_the_last_one_ended_and_begins_anew_at_the_end():
    seen = []
    how = Training(epochs=3, tokens=700, batch=2, steps=50, rate=0.1, decay_after=0, decay=1.0)
    trainer = Trainer(bigram(), how)
    real = trainer._stretch

    def stretch(params, moments, states, windows, *rest):
        seen.append(windows)
        result = real(params, moments, states, windows, *rest)
        seen.append(np.asarray(result[2]))
        return result

    trainer._stretch = stretch
    trainer.fit(TEXT, 1, valid_tokens=30)
    inputs = np.concatenate([windows[0] for windows in seen[::2]])
    behind = np.concatenate([windows[1] for windows in seen[::2]])
    tokens = TEXT.tokens[TEXT.train]
    whole = (len(tokens) - 1) // 100
    assert inputs.shape == (21, 50, 2) and whole == 16
    streams = inputs[:whole].transpose(2, 0, 1).reshape(2, -1)
    assert np.array_equal(streams.ravel(), tokens[:1600])
    assert np.array_equal(behind[:whole].transpose(2, 0, 1).ravel(), tokens[1:1601])
    assert np.array_equal(inputs[whole:], inputs[:21 - whole])
    # The state counts the steps since the last beginning.
    assert [states[0, 0] for states in seen[1::2]] == [350, 700, 250]


def test_what_repeats_itself_is_learned_and_adam_and_sgd_both_can():
    text = of_text("abcd" * 200, "abcd")
    for optimizer, rate in (("sgd", 1.0), ("adam", 0.1)):
        how = Training(epochs=2, tokens=400, batch=4, steps=5, optimizer=optimizer, rate=rate,
                       decay_after=2)
        fit = train(bigram(text=text), text, how)
        assert fit.losses[0][1] > fit.losses[-1][1]
        assert perplexity(fit.valid[-1][1]) < 1.1, optimizer
        assert fit.diverged is None and not fit.stopped and len(fit.valid) == 2


def test_the_stack_is_told_what_changes_with_the_epoch():
    trainer = Trainer(bigram(), Training(epochs=2, tokens=60, batch=3, steps=5, rate=1e-9))
    fit = trainer.fit(TEXT, 4, extra_of=lambda epoch: {"slope": 3.0 * epoch}, valid_tokens=100)
    params, tokens = trainer.init(4), TEXT.tokens[TEXT.valid][:100]
    flat, steep = (trainer.measure(params, tokens, {"slope": slope}) for slope in (0.0, 3.0))
    assert flat != pytest.approx(steep, rel=1e-3)
    assert [nats for _, nats in fit.valid] == pytest.approx([flat, steep], rel=1e-4)


def test_inputs_are_dropped_in_training_and_never_when_measured():
    how = Training(epochs=1, tokens=300, batch=3, steps=5, rate=1e-9)
    whole, half = (Trainer(bigram(keep), how) for keep in (1.0, 0.5))
    one, other = whole.fit(TEXT, 5), half.fit(TEXT, 5)
    assert one.valid[0][1] == pytest.approx(other.valid[0][1], rel=1e-5)
    assert one.losses[0][1] != pytest.approx(other.losses[0][1], rel=1e-4)


# What goes wrong


def test_what_is_worse_than_knowing_nothing_has_diverged_and_learns_on():
    how = Training(epochs=3, tokens=300, batch=3, steps=5, rate=60.0, clip=1e9, decay=1e-3,
                   decay_after=1)
    fit = train(bigram(), TEXT, how)
    nothing = math.log(len(TEXT.vocabulary))
    assert fit.valid[0][1] > nothing and fit.diverged == fit.losses[0][0] == 300
    assert len(fit.valid) == 3 and fit.valid[-1][1] < fit.valid[0][1]


def test_a_loss_that_is_no_number_ends_the_training_and_is_told():
    class Broken(nn.Module):
        def zero_state(self, *batch):
            return np.zeros((*batch, 1), np.float32)

        def __call__(self, xs, states, train=False):
            states = states + len(xs)
            return jnp.where(states[0] > 3000 / 3, jnp.nan, xs), states

    how = Training(epochs=9, tokens=1500, batch=3, steps=5, rate=0.1)
    fit = train(LanguageModel(Broken(), len(TEXT.vocabulary), 4),
                of_text("".join(TEXT.vocabulary) * 300, "x"), how)
    # Stretches have 50 windows of 15 tokens; the fifth is the first with a window too far.
    assert fit.diverged == 3750 == fit.losses[-1][0] and len(fit.losses) == 5
    assert math.isnan(fit.losses[-1][1]) and math.isfinite(fit.losses[-2][1])
    assert len(fit.valid) == 3


def test_who_wants_to_stop_is_heard_after_a_stretch():
    told = []
    fit = train(bigram(), TEXT, SMALL, tell=told.append, stop=lambda: len(told) == 1)
    assert fit.stopped and told == [60] and fit.valid == () and len(fit.losses) == 1


@pytest.mark.parametrize(("given", "said"), [
    ({"optimizer": "newton"}, "optimizer must be one of sgd, adam, not 'newton'"),
    ({"epochs": 0}, "epochs must be at least 1, not 0"),
    ({"steps": 0}, "steps must be at least 1"),
    ({"tokens": 699}, "at least 20 x 35 tokens, not 699"),
    ({"rate": 0.0}, "rate must be above 0"),
    ({"clip": float("nan")}, "clip must be above 0"),
    ({"decay_after": -1}, "decay_after must not be negative, as -1 is"),
])
def test_settings_that_make_no_sense_are_refused_in_a_line(given, said):
    with pytest.raises(ConfigError) as refusal:
        Training(**given)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_too_short_a_text_is_refused():
    with pytest.raises(ConfigError, match="fewer than 200 streams x 35 steps and one more"):
        train(bigram(), TEXT, Training(batch=200))


def test_bits_and_perplexity_are_those_of_a_fair_choice():
    assert bits(math.log(8)) == pytest.approx(3) and perplexity(math.log(8)) == pytest.approx(8)
    assert perplexity(1e4) == math.inf
