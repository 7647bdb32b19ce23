"""A scenario's variants, run one after the other into folders of their own, and compared."""

import re
from collections.abc import Callable
from pathlib import Path

from shared_model.errors import BadInput
from simulations.report.result_schema import Result, load_result
from simulations.run import Job, run
from simulations.run_folder import RunFolder
from simulations.run_key import seal
from simulations.scenario import Scenario, checked, laid_over
from simulations.stages import Stages


def run_variants(job: Job, folder: Path, *, resume: bool, new_stages: Callable[[], Stages]) -> list[Result]:
    """Run each variant that has no result yet. Settings and folders of all are checked before the first one starts."""
    jobs = [
        Job(
            scenario=settings_of(job.scenario, name),
            name=job.name,
            variant=name,
            data=job.data,
            engine_name=job.engine_name,
            engine=job.engine,
        )
        for name in names_of(job.scenario)
    ]
    for one in jobs:
        RunFolder(folder / folder_name(str(one.variant))).check(one.settings(), resume=resume)
    results = []
    for number, one in enumerate(jobs, start=1):
        stages = new_stages()
        stages.say(f"variant {number} of {len(jobs)}: {one.variant}")
        results.append(run_once(one, folder / folder_name(str(one.variant)), resume=resume, stages=stages))
    return results


def run_once(job: Job, folder: Path, *, resume: bool, stages: Stages) -> Result:
    """Run into `folder`, or hand back the result that lies there already when resuming."""
    place = RunFolder(folder)
    place.check(job.settings(), resume=resume)
    if not place.result.exists():
        return run(job, place, stages=stages)
    seal(place)  # where it was stopped just before
    return load_result(place.result)


def names_of(scenario: Scenario) -> list[str]:
    """Raises BadInput where two variants would share a name or a folder."""
    names = [variant.name for variant in scenario.variants]
    if len({folder_name(name) for name in names}) < len(names):
        raise BadInput(f"variants: two of {', '.join(names)} would share a folder; give them other names")
    return names


def settings_of(scenario: Scenario, name: str) -> Scenario:
    """The scenario as the variant of that name has it; a setting of "" is taken away."""
    (variant,) = (variant for variant in scenario.variants if variant.name == name)
    settings = {key: None if value == "" else value for key, value in variant.set.items()}
    content = laid_over(scenario.model_dump(mode="json", exclude={"variants"}), settings)
    return checked(Scenario, content, where=f"variant '{name}'")


def folder_name(name: str) -> str:
    """A variant's folder: its name in small letters, with hyphens for all that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
