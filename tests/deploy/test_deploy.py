# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_deploy against a daemon: what fits runs, what does not changes nothing."""

from __future__ import annotations

import json

import pytest
from registry.images import index
from registry.images import push as push_documents
from registry.lifecycle import PASSWORD, USER

from deploy.conftest import PREFIX
from deploy.images import OTHER, OWN, push, write_shell

WEB, OLD = f"{PREFIX}-web", f"{PREFIX}-old"


def container(image, name=WEB, **options):
    """Return an item without a network, which not every test machine's kernel gives containers."""
    return {"name": name, "image": image, "network_mode": "none", **options}


def service(image, **keys):
    return {"image": image, "network_mode": "none", "stop_grace_period": "0s", **keys}


def modules(run):
    """Return what was sent without the observation and the questions to registries."""
    known = ("docker_host_facts", "image_platform_info")
    return [name.rpartition(".")[2] for name in run.sent if not name.endswith(known)]


def test_a_container_is_predicted_made_kept_stopped_and_removed(host, images):
    wanted = {"containers": [container(images["shell"], stop_timeout=1)]}
    volume = {"volumes": [{"name": f"{PREFIX}-data"}]}
    predicted = host.deploy("--check", "--diff", **wanted, **volume).demand()
    assert host.containers() == []
    made = host.deploy(**wanted, **volume).demand()
    assert made.changed == predicted.changed == 2
    assert host.containers() == [f"{WEB} running"]
    again = host.deploy(**wanted, **volume).demand()
    assert again.changed == 0
    assert modules(again) == ["docker_image_info", "docker_volume", "docker_container"]
    assert "arm64.docker.image_platform_info" not in again.sent
    host.deploy(state="stopped", **wanted).demand()
    assert host.containers() == [f"{WEB} exited"]
    host.deploy(state="absent", remove_volumes=True, **wanted, **volume).demand()
    assert host.containers() == []
    assert f"{PREFIX}-data" not in host.docker("volume", "ls")
    assert host.deploy(state="absent", **wanted, **volume).demand().changed == 0


def test_a_network_is_made_before_its_container_and_removed_after_it(host, images):
    network = f"{PREFIX}-net"
    wanted = {
        "networks": [{"name": network, "internal": True, "labels": {"place": "cellar"}}],
        "containers": [
            {
                "name": WEB,
                "image": images["shell"],
                "stop_timeout": 1,
                "networks": [{"name": network, "aliases": ["shop"]}],
                "networks_cli_compatible": True,
            }
        ],
    }
    assert host.deploy("--check", **wanted).demand().changed == 2
    assert network not in host.docker("network", "ls", "--format", "{{.Name}}").split()
    host.deploy(**wanted).demand()
    joined = json.loads(
        host.docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", WEB)
    )
    assert list(joined) == [network]
    assert "shop" in joined[network]["Aliases"]
    assert host.deploy(**wanted).demand().changed == 0
    host.deploy(state="absent", **wanted).demand()
    assert host.containers() == []
    assert network not in host.docker("network", "ls", "--format", "{{.Name}}").split()
    assert host.deploy(state="absent", **wanted).demand().changed == 0


def test_a_project_is_predicted_that_waits_for_a_network_and_a_volume(host, images):
    network, volume = f"{PREFIX}-net", f"{PREFIX}-data"
    web = service(images["shell"], networks=["shop"], volumes=["data:/data"])
    del web["network_mode"]
    wanted = {
        "networks": [{"name": network, "internal": True}],
        "volumes": [{"name": volume}],
        "projects": [
            {
                "project_name": f"{PREFIX}-shop",
                "definition": {
                    "services": {"web": web},
                    "networks": {"shop": {"external": True, "name": network}},
                    "volumes": {"data": {"external": True, "name": volume}},
                },
            }
        ],
    }
    host.deploy(**wanted).demand()
    host.deploy(state="stopped", **wanted).demand()
    host.docker("container", "rm", f"{PREFIX}-shop-web-1")
    host.docker("network", "rm", network)
    host.docker("volume", "rm", volume)
    assert host.deploy("--check", **wanted).demand().changed == 3
    assert network not in host.docker("network", "ls", "--format", "{{.Name}}").split()
    # What nothing makes stays an error.
    assert host.deploy("--check", **{**wanted, "networks": []}).rc != 0
    host.deploy(**wanted).demand()
    assert host.containers() == [f"{PREFIX}-shop-web-1 running"]


def test_what_does_not_fit_is_refused_before_anything_changes(host, images):
    run = host.deploy(
        containers=[container(images["shell"], OLD), container(images["other"])],
        volumes=[{"name": f"{PREFIX}-data"}],
    )
    assert run.rc != 0
    assert run.changed == 0
    said = run.message()
    assert f"container {WEB}: " in said
    assert f"is not there for linux/{OWN}, but for linux/{OTHER}" in said
    assert "nothing was changed" in said
    assert host.containers() == []
    assert f"{PREFIX}-data" not in host.docker("volume", "ls")


def test_a_missing_image_and_an_item_without_an_image_are_refused(host, images):
    missing = images["own"].replace("own", "missing")
    run = host.deploy(containers=[container(missing)])
    assert run.rc != 0
    assert "does not exist" in run.message()
    run = host.deploy(containers=[{"name": WEB}])
    assert run.rc != 0
    assert "needs a name and an image" in run.message()


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({"defintion": {}}, "no option 'defintion'; there is definition"),
        ({"project_src": "~/shop"}, "has the project_src '~/shop'; write the whole path"),
        ({"project_name": "No Name", "definition": {}}, "Compose takes no project of the name"),
        ({}, "has neither definition nor src nor project_src"),
    ],
)
def test_a_project_that_cannot_be_read_is_refused_before_anything_is_asked(host, says, words):
    run = host.deploy(projects=[says], volumes=[{"name": f"{PREFIX}-data"}])
    assert run.rc != 0
    assert words in run.message()
    assert modules(run) == []


def test_archives_are_loaded_where_the_host_lacks_them_and_no_registry_is_asked(host, archive):
    wanted = {
        "containers": [container(f"{PREFIX}/shell:1")],
        "image_archives": [str(archive)],
    }
    predicted = host.deploy("--check", **wanted).demand()
    assert predicted.changed >= 1
    assert host.docker("images", "--quiet", f"{PREFIX}/shell") == ""
    made = host.deploy(**wanted).demand()
    assert made.changed == 2
    assert "arm64.docker.image_platform_info" not in made.sent
    again = host.deploy(**wanted).demand()
    assert again.changed == 0
    assert modules(again) == ["docker_image_info", "docker_container"]


def test_archives_whose_images_the_host_has_by_other_names_and_ids_are_not_loaded_again(
    host, tmp_path
):
    place = write_shell(tmp_path / "named.tar", f"docker.io/{PREFIX}/named:1")
    host.docker("load", "--input", str(place))
    host.docker("tag", f"{PREFIX}/named:1", f"{PREFIX}/second:1")
    several = tmp_path / "several.tar"
    host.docker("save", "--output", str(several), f"{PREFIX}/named:1", f"{PREFIX}/second:1")
    wanted = {"image_archives": [str(place), str(several)]}
    kept = host.deploy(**wanted).demand()
    assert (kept.changed, modules(kept)) == (0, ["docker_image_info"])
    write_shell(tmp_path / "other.tar", f"{PREFIX}/second:1", "other")
    host.docker("load", "--input", str(tmp_path / "other.tar"))
    assert host.deploy(**wanted).demand().changed == 1
    assert host.deploy(**wanted).demand().changed == 0


def test_an_archive_for_another_machine_is_refused(host, tmp_path, archive):
    other = tmp_path / "other.tar"
    host.static_image(other, f"{PREFIX}/other:1")
    run = host.deploy(
        containers=[container(f"{PREFIX}/other:1")], image_archives=[str(archive), str(other)]
    )
    assert run.rc != 0
    assert f"is not there for linux/{OWN}, but for linux/{OTHER}" in run.message()
    assert host.docker("images", "--quiet", f"{PREFIX}/shell") == ""


def test_what_is_allowed_is_emulated_and_devices_are_refused(host, registries, tmp_path):
    place = tmp_path / "other.tar"
    host.static_image(place, f"{PREFIX}/other:1")
    name = push(place, registries.open, f"{PREFIX}/program:1", registries.ca)
    one = container(name, restart_policy="no")
    allowed = {"emulated": [f"linux/{OTHER}"]}
    made = host.deploy(containers=[one], **allowed).demand()
    assert f"is emulated as linux/{OTHER}" in made.output
    state = json.loads(host.docker("inspect", "--format", "{{json .State}}", WEB))
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)

    gpu = container(name, OLD, env={"NVIDIA_VISIBLE_DEVICES": "all"})
    refused = host.deploy(containers=[gpu], **allowed)
    assert refused.rc != 0
    assert "wants variable NVIDIA_VISIBLE_DEVICES" in refused.message()
    assert host.containers() == [f"{WEB} exited"]
    host.deploy(containers=[gpu], emulated_devices=True, **allowed).demand()

    folder = tmp_path / "gpu"
    folder.mkdir()
    (folder / "gpu.env").write_text("NVIDIA_VISIBLE_DEVICES=${GPU:-all}\n")
    for file, body in (
        ("base", service(name, env_file="gpu.env")),
        ("compose", {"extends": {"file": "base.yaml", "service": "web"}}),
    ):
        (folder / f"{file}.yaml").write_text(json.dumps({"services": {"web": body}}))
    project = {"src": str(folder), "project_name": f"{PREFIX}-shop"}
    refused = host.deploy(projects=[project], **allowed)
    assert refused.rc != 0
    assert f"project {PREFIX}-shop, web: " in refused.message()
    assert "wants variable NVIDIA_VISIBLE_DEVICES" in refused.message()


def test_an_image_that_wants_a_gpu_by_itself_is_refused_before_it_is_pulled(
    host, registries, tmp_path
):
    wants = ["NVIDIA_VISIBLE_DEVICES=all"]
    image = index(f"{PREFIX}/gpu", "oci", [f"linux/{OTHER}", "linux/s390x"], environment=wants)
    push_documents(image, registries.open, tmp_path / "layout", registries.ca)
    name = f"{registries.open.name}/{image.repository}:latest"
    refused = host.deploy(containers=[container(name)], emulated=[f"linux/{OTHER}"])
    assert refused.rc != 0
    said = f"would be emulated as linux/{OTHER} and wants variable NVIDIA_VISIBLE_DEVICES"
    assert said in refused.message()
    assert host.docker("images", "--quiet", f"{registries.open.name}/{image.repository}") == ""


def test_what_a_container_said_that_does_not_become_healthy_is_shown(host, images):
    sick = container(
        images["shell"],
        command=["/bin/sh", "-c", "echo I feel sick; exec /bin/sleep 600"],
        healthcheck={"test": ["CMD", "/bin/cat", "/missing"], "interval": "1s", "retries": 1},
        stop_timeout=1,
    )
    run = host.deploy(containers=[sick], timeout=8)
    assert run.rc != 0
    assert f"the container {WEB} is not as it shall be" in run.message()
    assert "I feel sick" in run.message()


@pytest.mark.full
@pytest.mark.parametrize("policy", ["no", "always"])
def test_what_a_container_said_that_does_not_stay_up_is_shown(host, images, policy):
    command = ["/bin/sh", "-c", "echo I fell; exit 3"]
    fallen = container(images["shell"], command=command, restart_policy=policy)
    for _time in range(2):
        run = host.deploy(containers=[fallen, container(images["shell"], OLD)])
        assert run.rc != 0
        assert f"{WEB} did not stay up" in run.message()
        assert f"{WEB} said last: I fell" in run.message()
        assert OLD not in run.message()
    job = container(images["shell"], command=["/bin/sh", "-c", "exit 0"])
    host.deploy(containers=[job]).demand()


def test_a_project_is_predicted_made_kept_stopped_and_removed(host, images):
    definition = {"services": {"web": service(images["shell"])}}
    wanted = {"projects": [{"project_name": f"{PREFIX}-shop", "definition": definition}]}
    assert host.deploy("--check", "--diff", **wanted).demand().changed > 0
    assert host.containers() == []
    host.deploy(**wanted).demand()
    assert host.containers() == [f"{PREFIX}-shop-web-1 running"]
    assert host.deploy(**wanted).demand().changed == 0
    host.deploy(state="stopped", **wanted).demand()
    assert host.containers() == [f"{PREFIX}-shop-web-1 exited"]
    host.deploy(state="absent", **wanted).demand()
    assert host.containers() == []
    assert not (host.folder / "projects").exists()
    assert host.deploy(state="absent", **wanted).demand().changed == 0


@pytest.mark.full
def test_data_in_the_folder_of_a_project_stays_until_volumes_go(host, images):
    name = f"{PREFIX}-shop"
    place = host.folder / f"projects/{name}"
    web = service(images["shell"], volumes=["./data:/data"])
    wanted = {"projects": [{"project_name": name, "definition": {"services": {"web": web}}}]}
    host.deploy(**wanted).demand()
    (place / "data/kept").write_text("")
    (place / "compose.yaml").unlink()
    host.deploy(state="absent", **wanted).demand()
    assert host.containers() == []
    host.deploy(**wanted).demand()
    host.deploy(state="absent", **wanted).demand()
    assert host.containers() == []
    assert [one.name for one in place.rglob("*")] == ["data", "kept"]
    assert host.deploy(state="absent", **wanted).demand().changed == 0
    host.deploy(state="absent", remove_volumes=True, **wanted).demand()
    assert not place.exists()


@pytest.mark.full
def test_projects_of_a_folder_here_or_there_are_checked_service_by_service(host, images, tmp_path):
    for folder in ("here", "there"):
        place = tmp_path / f"{PREFIX}-{folder}"
        place.mkdir()
        (place / ".env").write_text(f"OTHER={images['other']}\n")
        (place / "compose.yaml").write_text(
            json.dumps({"services": {"web": service(images["shell"]), "job": service("${OTHER}")}})
        )
        key = "src" if folder == "here" else "project_src"
        run = host.deploy(projects=[{key: str(place)}])
        assert run.rc != 0
        assert f"project {PREFIX}-{folder}, job: " in run.message()
        assert host.containers() == []
        (place / ".env").write_text(f"OTHER={images['shell']}\n")
        host.deploy(projects=[{key: str(place)}]).demand()
        assert f"{PREFIX}-{folder}-job-1 running" in host.containers()
        host.deploy(state="absent", projects=[{key: str(place)}]).demand()
        assert host.containers() == []


def test_variables_of_a_definition_are_those_of_files_on_the_host(host, images, tmp_path):
    services = {
        "web": service(f"${{WEB:-{images['shell']}}}"),
        "job": service(f"${{JOB:-{images['other']}}}"),
    }
    place = tmp_path / "shop"
    project = {
        "project_name": f"{PREFIX}-shop",
        "project_src": str(place),
        "definition": {"services": services},
    }
    run = host.deploy(projects=[project])
    assert run.rc != 0
    assert f"project {PREFIX}-shop, job: " in run.message()
    assert not place.exists()
    awaiting = [{**project, "env_files": ["own.env"]}]
    assert host.deploy("--check", projects=awaiting).demand().changed > 0
    assert "find env file" in host.deploy(projects=awaiting).message()
    assert not place.exists()
    place.mkdir()
    (place / ".env").write_text(f"WEB={images['shell']}\nJOB={images['shell']}\n")
    host.deploy(projects=[project]).demand()
    assert host.containers() == [f"{PREFIX}-shop-{name}-1 running" for name in ("job", "web")]
    (place / "own.env").write_text(f"WEB={images['other']}\n")
    run = host.deploy(projects=[{**project, "env_files": ["own.env"], "services": ["web"]}])
    assert run.rc != 0
    assert f"project {PREFIX}-shop, web: " in run.message()
    assert host.deploy(projects=[project]).demand().changed == 0
    unknown = {"web": service("example.org/web:${NOWHERE}")}
    run = host.deploy(projects=[{**project, "definition": {"services": unknown}}])
    assert run.rc != 0
    assert "Compose on the host has no value of NOWHERE." in run.message()


@pytest.mark.full
def test_two_projects_of_one_folder_on_the_host_are_told_apart(host, images, tmp_path):
    place = tmp_path / f"{PREFIX}-Shop"
    place.mkdir()

    def write(name, image):
        services = {name: service(image, profiles=[name])}
        document = {"name": f"{PREFIX}-{name}", "services": services}
        (place / f"{name}.yaml").write_text(json.dumps(document))

    write("web", images["shell"])
    write("job", images["other"])
    projects = [
        {"project_src": f"{place}/", "files": [f"{name}.yaml"], "profiles": [name]}
        for name in ("web", "job")
    ]
    run = host.deploy(projects=projects)
    assert run.rc != 0
    assert f"project {PREFIX}-job, job: " in run.message()
    assert f"project {PREFIX}-web" not in run.message()
    assert host.containers() == []
    write("job", images["shell"])
    host.deploy(projects=projects, pin=True).demand()
    assert host.containers() == [f"{PREFIX}-job-job-1 running", f"{PREFIX}-web-web-1 running"]
    assert host.deploy(projects=projects, pin=True).demand().changed == 0
    host.deploy(state="absent", projects=projects).demand()
    assert host.containers() == []
    assert list(place.glob("arm64-docker*")) == []


def test_a_project_that_needs_a_further_file_is_refused_before_any_change(host, images, tmp_path):
    document = {"name": f"{PREFIX}-shop", "services": {"web": service(images["shell"])}}
    (tmp_path / "compose.yaml").write_text(json.dumps(document))
    volumes = [{"name": f"{PREFIX}-data"}]
    run = host.deploy(projects=[{"project_src": str(tmp_path)}], pin=True, volumes=volumes)
    assert run.rc != 0
    assert run.changed == 0
    assert f'The "files" of {PREFIX}-shop have to be named' in run.message()
    assert f"{PREFIX}-data" not in host.docker("volume", "ls")


def test_a_project_that_is_limited_to_services_needs_the_images_of_no_others(
    host, images, tmp_path
):
    services = {
        "web": service(images["shell"], depends_on=["base"]),
        "base": service(images["shell"]),
        "other": service(images["other"]),
    }
    written = {"project_name": f"{PREFIX}-written", "definition": {"services": services}}
    place = tmp_path / "there"
    place.mkdir()
    (place / "compose.yaml").write_text(json.dumps({"services": services}))
    there = {"project_name": f"{PREFIX}-there", "project_src": str(place)}
    for project in (written, there):
        assert host.deploy(projects=[project]).rc != 0
    limited = [{**project, "services": ["web"]} for project in (written, there)]
    host.deploy(projects=limited).demand()
    names = [f"{PREFIX}-{kind}-{one}-1" for kind in ("there", "written") for one in ("base", "web")]
    assert host.containers() == [f"{name} running" for name in names]
    assert host.deploy(projects=limited).demand().changed == 0


def test_a_project_that_fails_shows_what_it_said(host, images):
    definition = {
        "services": {"web": service(images["shell"], command=["/bin/sh", "-c", "echo no; exit 3"])}
    }
    run = host.deploy(projects=[{"project_name": f"{PREFIX}-shop", "definition": definition}])
    assert run.rc != 0
    assert f"the project {PREFIX}-shop is not as it shall be" in run.message()
    assert "web-1 | no" in " ".join(run.message().split())


def test_a_fleet_runs_one_image_by_its_digest(host, images, registries, tmp_path):
    tag = images["shell"].replace("shell", "moving")
    first = write_shell(tmp_path / "first.tar", "first:1", "first")
    push(first, registries.open, f"{PREFIX}/moving:1", registries.ca)
    wanted = {
        "containers": [container(tag, stop_timeout=1)],
        "projects": [
            {
                "project_name": f"{PREFIX}-shop",
                "definition": {"services": {"web": service(tag)}},
            }
        ],
        "pin": True,
    }
    host.deploy(**wanted).demand()
    pinned = host.docker("inspect", "--format", "{{.Config.Image}}", WEB)
    assert "@sha256:" in pinned
    assert host.docker("inspect", "--format", "{{.Config.Image}}", f"{PREFIX}-shop-web-1") == pinned
    assert host.deploy(**wanted).demand().changed == 0
    second = write_shell(tmp_path / "second.tar", "second:1", "second")
    push(second, registries.open, f"{PREFIX}/moving:1", registries.ca)
    host.deploy(**wanted).demand()
    assert host.docker("inspect", "--format", "{{.Config.Image}}", WEB) != pinned
    assert host.docker("exec", WEB, "/bin/cat", "/word") == "second"
    assert host.docker("exec", f"{PREFIX}-shop-web-1", "/bin/cat", "/word") == "second"


@pytest.mark.full
@pytest.mark.parametrize("kind", ["container", "project"])
def test_an_image_of_the_wrong_platform_on_the_host_is_pulled_anew(
    host, registries, tmp_path, kind
):
    name = f"{registries.open.name}/{PREFIX}/again:1"
    other = tmp_path / "other.tar"
    host.static_image(other, name)
    host.docker("load", "--input", str(other))
    own = write_shell(tmp_path / "own.tar", "own:1")
    push(own, registries.open, f"{PREFIX}/again:1", registries.ca)
    if kind == "container":
        host.deploy(containers=[container(name)]).demand()
        assert host.containers() == [f"{WEB} running"]
    else:
        project = {
            "project_name": f"{PREFIX}-shop",
            "definition": {"services": {"web": service(name)}},
            "pull": "missing",
        }
        host.deploy(projects=[project]).demand()
        assert host.containers() == [f"{PREFIX}-shop-web-1 running"]


def test_a_login_serves_the_questions_and_the_host(host, registries, archive):
    name = f"{registries.htpasswd.name}/{PREFIX}/shell:1"
    push(archive, registries.open, f"{PREFIX}/shell:1", registries.ca)
    wanted = {"containers": [container(name)]}
    run = host.deploy(**wanted)
    assert run.rc != 0
    assert "login" in run.message()
    login = {"registry": registries.htpasswd.name, "username": USER, "password": PASSWORD}
    made = host.deploy(logins=[login], **wanted).demand()
    assert host.containers() == [f"{WEB} running"]
    assert PASSWORD not in made.output.partition("PLAY [")[2]
    assert host.deploy(logins=[login], **wanted).demand().changed == 0
    host.deploy(state="absent", logins=[login], **wanted).demand()
    assert registries.htpasswd.name not in (host.folder / ".docker/config.json").read_text()


def test_a_warning_policy_says_what_does_not_fit_and_goes_on(host, images):
    run = host.deploy(policy="warn", containers=[container(images["other"])])
    assert run.rc != 0
    assert "is not there for" in run.output
    assert "is not as it shall be" in run.message()


def test_an_index_is_pinned_by_its_own_digest(host, registries, tmp_path):
    image = index(f"{PREFIX}/pinned", "oci", ["linux/amd64", "linux/arm64"])
    push_documents(image, registries.open, tmp_path / "layout", registries.ca)
    name = f"{registries.open.name}/{image.repository}:latest"
    host.deploy(pin=True, containers=[container(name, state="present")]).demand()
    pinned = host.docker("inspect", "--format", "{{.Config.Image}}", WEB)
    assert pinned == f"{registries.open.name}/{image.repository}@{image.digest}"
