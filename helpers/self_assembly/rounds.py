"""One step by simultaneous proposals, vectorised in torch (ours; CPU or GPU)."""

from __future__ import annotations

import numpy as np
import torch

from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.priority import NEIGHBOURS

_MASK = 0xFFFFFFFF
_NOBODY = torch.iinfo(torch.int64).max


def _hash(x: torch.Tensor) -> torch.Tensor:
    """Well mixed 32 bits (in int64) of 32 bits, the same on every device."""
    x = (x ^ (x >> 16)) * 0x7FEB352D & _MASK
    x = (x ^ (x >> 15)) * 0x846CA68B & _MASK
    return x ^ (x >> 16)


def _uniform(bits: torch.Tensor) -> torch.Tensor:
    """Uniform float64 in [0, 1) from 32 bits."""
    return bits.to(torch.float64) / 2.0**32


class RoundsCrowd:
    """Agents on a grid that all propose at once, several rounds per step.

    In each round every agent that has not moved yet proposes its best free good
    cell; a cell goes to one of those who want it; its winner moves and leaves its
    old cell free for the next round. In the last round agents without a free good
    cell explore with probability gamma.
    """

    def __init__(
        self,
        target: np.ndarray,
        positions: np.ndarray,
        config: AssemblyConfig,
        seed: int,
    ) -> None:
        self._config = config
        self._seed = seed
        device = torch.device(config.device)
        self._shape = height, width = target.shape
        stride = width + 2
        self._target = torch.from_numpy(np.pad(target, 1)).to(device).ravel()
        offsets = [dy * stride + dx for dy, dx in NEIGHBOURS]
        self._offsets = torch.tensor(offsets, device=device)
        occupied = torch.ones((height + 2, stride), dtype=torch.bool, device=device)
        occupied[1:-1, 1:-1] = False
        place = torch.from_numpy(positions.astype(np.int64)).to(device)
        flat = (place[:, 0] + 1) * stride + place[:, 1] + 1
        occupied.view(-1)[flat] = True
        # One attribute, so that an interrupt never separates the two.
        self._state = flat, occupied.view(-1)

    @property
    def positions(self) -> np.ndarray:
        flat = self._state[0].cpu().numpy()
        stride = self._shape[1] + 2
        rows_columns = np.stack((flat // stride - 1, flat % stride - 1), axis=1)
        return rows_columns.astype(np.int32)

    def _grid(self, padded: torch.Tensor) -> torch.Tensor:
        height, width = self._shape
        return padded.view(height + 2, width + 2)[1:-1, 1:-1]

    def sources(self) -> torch.Tensor:
        """Blue and red sources, bool (2, H, W): open targets, agents outside."""
        target, occupied = self._grid(self._target), self._grid(self._state[1])
        return torch.stack((target & ~occupied, occupied & ~target))

    @property
    def unoccupied(self) -> int:
        return int((self._target & ~self._state[1]).sum())

    def cells(self) -> np.ndarray:
        """State in the coding of `step_locks`."""
        codes = self._state[1].to(torch.uint8) + 2 * self._target.to(torch.uint8)
        height, width = self._shape
        return codes.view(height + 2, width + 2).cpu().numpy()

    def advance(
        self,
        fields: torch.Tensor,
        early_probability: float,
        step: int,
        repairing: bool = False,
    ) -> int:
        """One step of all agents under `fields` (2, H, W); returns how many moved.

        While repairing, agents move only to better cells and do not explore.
        """
        config = self._config
        padded = torch.nn.functional.pad(fields, (1, 1, 1, 1)).flatten(1)
        place, occupied = (part.clone() for part in self._state)
        device = place.device
        agents = torch.arange(len(place), device=device)
        stream = _hash((agents * 0x9E3779B1 + _mix_seed(self._seed, step)) & _MASK)
        early = _uniform(_hash(stream ^ 1)) < early_probability
        waiting = torch.ones(len(place), dtype=torch.bool, device=device)
        claims = torch.full_like(occupied, _NOBODY, dtype=torch.int64)
        for round_ in range(config.rounds):
            near = place[:, None] + self._offsets
            free = ~occupied[near]
            who = (waiting & free.any(dim=1)).nonzero()[:, 0]
            if len(who) == 0:
                break
            salt = _hash(stream[who] ^ (0x51ED270B + round_))
            last = round_ == config.rounds - 1 and not repairing
            wish, has_wish = self._wishes(
                padded,
                place[who],
                near[who],
                free[who],
                early[who],
                salt,
                last,
                repairing,
            )
            who, wish, salt = who[has_wish], wish[has_wish], salt[has_wish]
            if config.order == "random":
                rank = (_hash(salt ^ 2) >> 1 << 32) + who
            else:
                rank = who if config.order == "id" else place[who]
            claims.scatter_reduce_(0, wish, rank, "amin")
            won = claims[wish] == rank
            claims[wish] = _NOBODY
            movers, entered = who[won], wish[won]
            occupied[place[movers]] = False
            occupied[entered] = True
            place[movers] = entered
            waiting[movers] = False
        self._state = place, occupied
        return int((~waiting).sum())

    def _wishes(
        self,
        fields: torch.Tensor,
        own: torch.Tensor,
        near: torch.Tensor,
        free: torch.Tensor,
        early: torch.Tensor,
        salt: torch.Tensor,
        last: bool,
        repairing: bool,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cell wanted by each agent, and whether it wants one at all."""
        config = self._config
        blue, red = fields[0], fields[1]
        inside = self._target[own]
        late = inside & ~early
        confined = late | (inside & config.strict)
        legal = free & (self._target[near] | ~confined[:, None])
        value = torch.where(late[:, None], -red[near], blue[near])
        mine = torch.where(late, -red[own], blue[own])
        good = legal & (value >= mine[:, None])
        if repairing:
            good &= value > mine[:, None]
        directions = torch.arange(8, device=own.device)
        draws = _hash(salt[:, None] ^ (directions + 16))
        if config.gamma_reading == "release" and not repairing:
            good &= _uniform(_hash(draws)) >= config.gamma
        lowest = torch.finfo(value.dtype).min
        best = _keep_largest(good, value, lowest)
        by_red = (inside & ~late)[:, None]
        best = _keep_largest(best, torch.where(by_red, -red[near], 0.0), lowest)
        # Equal cells: the largest draw wins, or the first in scan order.
        ticket = draws if config.tie == "random" else 8 - directions.expand_as(draws)
        choice = torch.where(best, ticket, -1).argmax(dim=1)
        has_wish = good.any(dim=1)
        if last and config.gamma_reading == "engine":
            others = legal & ~good
            explores = ~has_wish & (_uniform(_hash(salt ^ 3)) < config.gamma)
            elsewhere = torch.where(others, draws, -1).argmax(dim=1)
            choice = torch.where(explores, elsewhere, choice)
            has_wish |= explores & others.any(dim=1)
        return near.gather(1, choice[:, None])[:, 0], has_wish


def _keep_largest(
    mask: torch.Tensor, value: torch.Tensor, lowest: float
) -> torch.Tensor:
    """Cells of `mask` whose value is the largest in their row."""
    masked = torch.where(mask, value, lowest)
    return mask & (masked == masked.max(dim=1, keepdim=True).values)


def _mix_seed(seed: int, step: int) -> int:
    """32 bits from seed and step."""
    mixed = np.random.SeedSequence((seed, step)).generate_state(1)
    return int(mixed[0])
