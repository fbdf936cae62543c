"""Every scheduler by name, for flow and for diffusion, behind one call.

A scheduler walks from noise to data along given times and asks a network for x0 on the way. Flow schedulers
solve the straight path's ODE with our own solvers; those of diffusion are the classes of diffusers on the
cosine path (`sampling/diffusion.py`), each built for exactly the levels of one call: every step is a step of
its chain, and no level is rounded to one of 1000. On the same levels Euler's step is DDIM's and
Euler-ancestral's is DDPM's, in other coordinates; the names differ, the results do not.

To add one: a line in FLOW or DIFFUSION, and its name in `audiogen.registry`, which knows them without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest
from audiogen.sampling.diffusion import levels, v_from_x0
from audiogen.sampling.field import Estimate
from audiogen.sampling.flow import Solver, Step, dpm_solver, euler, heun, midpoint, walked

Observer = Callable[[int, int, Tensor], None]  # (steps done, of, estimate of x0 [1, F, D])
Scheduler = Callable[[Estimate, Tensor, Tensor, int, Step], Tensor]

# at the first level alpha is 0 (no signal), and diffusers' schedulers divide by it; they start here instead
LEAST_ALPHA = 2.0**-10
STOCHASTIC = ("DDPMScheduler", "EulerAncestralDiscreteScheduler")


def by_ode(solve: Solver) -> Scheduler:
    """A scheduler from a solver of dx/dt = v on the straight path."""

    def run(estimate: Estimate, noise: Tensor, t: Tensor, seed: int, step: Step) -> Tensor:
        return walked(solve(noise, t, step), lambda x_t, at: (x_t - estimate(x_t, at)) / at)

    return run


def by_diffusers(name: str, **settings: Any) -> Scheduler:
    """A scheduler from a class of diffusers, with v-prediction.

    Stochastic ones draw the noise of each step frame after frame from the seed and the number of the step: a
    longer piece begins like a shorter one.
    """

    def run(estimate: Estimate, noise: Tensor, t: Tensor, seed: int, step: Step) -> Tensor:
        alpha, sigma = levels(t[:-1])
        alpha = alpha.clamp_min(LEAST_ALPHA)
        sigma = (1 - alpha.square()).sqrt()
        steps, frames = len(alpha), noise.shape[1]
        cumulative = alpha.square().flip(0).tolist()
        betas = 1 - np.array(cumulative) / np.array([1.0, *cumulative[:-1]])
        scheduler = getattr(import_diffusers(), name)(
            num_train_timesteps=steps,
            trained_betas=betas.tolist(),
            prediction_type="v_prediction",
            timestep_spacing="trailing",
            **settings,
        )
        scheduler.set_timesteps(steps)
        seeds = np.random.SeedSequence((seed, 1)).generate_state(steps, np.uint64) >> np.uint64(1)
        # torch draws in blocks of 16 and redraws an incomplete last one: whole blocks keep a prefix a prefix
        x = torch.nn.functional.pad(noise, (0, 0, 0, -frames % 16)) * _first_scale(scheduler, t)
        v = torch.zeros_like(x)
        for i, timestep in enumerate(scheduler.timesteps):
            step(i, steps)
            a, s = alpha[i].to(noise.dtype), sigma[i].to(noise.dtype)
            x_vp = scheduler.scale_model_input(x, timestep)[:, :frames]
            x0 = estimate(x_vp / (a + s), float(s / (a + s)))
            v[:, :frames] = v_from_x0(x_vp, x0, a, s)
            drawn = torch.Generator().manual_seed(int(seeds[i])) if name in STOCHASTIC else None
            x = scheduler.step(v, timestep, x, return_dict=False, generator=drawn)[0]
        return x[:, :frames]

    return run


def _first_scale(scheduler: Any, t: Tensor) -> float:
    """What turns x_t of the straight path into what a scheduler of diffusers starts with.

    Pure noise (t = 1) is scaled as the scheduler says. Later on the path that is x_vp = x_t (alpha + sigma),
    and x_vp / alpha for those that count in sigma / alpha.
    """
    own = float(scheduler.init_noise_sigma)
    if float(t[0]) == 1:
        return own
    alpha, sigma = (float(level) for level in levels(t[:1]))
    return (alpha + sigma) / (1.0 if own == 1 else alpha)


SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "midpoint": midpoint, "dpm-solver++": dpm_solver}
FLOW: dict[str, Scheduler] = {name: by_ode(solve) for name, solve in SOLVERS.items()}
DIFFUSION: dict[str, Scheduler] = {
    "ddpm": by_diffusers("DDPMScheduler", clip_sample=False),
    "ddim": by_diffusers("DDIMScheduler", clip_sample=False),
    "dpm-solver++": by_diffusers("DPMSolverMultistepScheduler", solver_order=2, algorithm_type="dpmsolver++"),
    "euler": by_diffusers("EulerDiscreteScheduler"),
    "euler-ancestral": by_diffusers("EulerAncestralDiscreteScheduler"),
}
SCHEDULERS = {"flow": FLOW, "diffusion": DIFFUSION}


def scheduler(family: str, name: str) -> Scheduler:
    """A scheduler of a family ("flow" or "diffusion") by name.

    Raises:
        InvalidRequest: the family has no such scheduler; the message lists those it has.
    """
    known = SCHEDULERS[family]
    if name not in known:
        raise InvalidRequest(f"The decoder {family!r} has no scheduler {name!r}; it has: {', '.join(known)}.")
    return known[name]


def sample(
    run: Scheduler,
    estimate: Estimate,
    noise: Tensor,
    t: Tensor,
    seed: int,
    step: Step,
    observer: Observer | None = None,
) -> Tensor:
    """From noise [1, F, D] to x0 [1, F, D]; the F are frames of a mel, or places of a picture.

    Args:
        run: from `scheduler`.
        estimate: (x_t [1, F, D] on the straight path, t) -> x0.
        noise: at the first time; where that is under 1, a point x_t of the straight path.
        t: times from 1 (or less) to 0, one more than steps.
        seed: of the noise that stochastic schedulers add.
        step: called as step(done, total) before every step and after the last.
        observer: sees the latest estimate of x0 after every step, and after the last the result.
    """
    total = len(t) - 1
    latest: list[Tensor] = []

    def noted(x_t: Tensor, at: float) -> Tensor:
        latest[:] = [estimate(x_t, at)]
        return latest[0]

    def between(done: int, of: int) -> None:
        if observer is not None and done:
            observer(done, of, latest[0])
        step(done, of)

    x0 = run(noted, noise, t, seed, between)
    if observer is not None:
        observer(total, total, x0)
    step(total, total)
    return x0
