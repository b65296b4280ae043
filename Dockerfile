# Two stages: the first builds the environment, the second holds it and Python, and no tool to build anything.
# docker build -t headway .

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/headway
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY headway ./headway
RUN /opt/headway/bin/pip install -c constraints.txt . \
    && /opt/headway/bin/pip uninstall --yes pip setuptools \
    && /opt/headway/bin/python -m compileall -q /opt/headway

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 1000 headway \
    && useradd --system --uid 1000 --gid headway --home-dir /data --no-create-home --shell /usr/sbin/nologin headway \
    && install --directory --owner headway --group headway --mode 0700 /data
COPY --from=build /opt/headway /opt/headway
ENV PATH=/opt/headway/bin:$PATH HEADWAY_DATA=/data HEADWAY_LOG_FORMAT=json PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data
USER headway
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["headway"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
