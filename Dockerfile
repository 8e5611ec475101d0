# Molthub as an image: the controller (`molthub controller run`), any other command, and the gate that stands in front
# of a Moltbot with a webhook (`python -m molthub.gate`).
#
#   docker build -t molthub .
#   docker run --rm molthub --version
#
# Both stages start from one exact tag. Name a digest with --build-arg PYTHON=python:…@sha256:… for a build that never
# moves; the packages are those of constraints.txt, which is what the tests ran with.
ARG PYTHON=python:3.13.5-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
# The build backend is held by the same constraints as everything else.
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY molthub molthub
COPY cli cli
COPY controller controller
COPY policies policies
COPY manifests-example manifests-example
RUN python -m venv /opt/molthub && /opt/molthub/bin/pip install '.[postgres]'
COPY image /opt/molthub/git

FROM ${PYTHON}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git gpg openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 1000 molthub \
 && useradd --uid 1000 --gid 1000 --create-home molthub \
 && install --directory --owner 1000 --group 1000 /var/lib/molthub
COPY --from=build /opt/molthub /opt/molthub
ENV PATH=/opt/molthub/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# A private repository: MOLTHUB_GIT_TOKEN for https, MOLTHUB_GIT_KEY (a deploy key's text) for ssh.
ENV GIT_ASKPASS=/opt/molthub/git/askpass GIT_SSH=/opt/molthub/git/ssh GIT_SSH_VARIANT=ssh
USER 1000:1000
WORKDIR /var/lib/molthub
# Whether the controller is well is not a question of a port: `molthub status` and its published status tell.
HEALTHCHECK NONE
ENTRYPOINT ["molthub"]
