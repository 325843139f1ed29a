# One image for web, worker and beat; which one it is, its command says. No compiler, no root, no tests.
FROM python:3.11-slim AS built
WORKDIR /srv/confer
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

FROM built
RUN groupadd --system --gid 10001 confer \
    && useradd --system --uid 10001 --gid confer --home-dir /srv/confer --shell /usr/sbin/nologin confer \
    && install -d -o confer -g confer -m 0700 /var/lib/confer
COPY manage.py ./
COPY vault ./vault
COPY audit ./audit
COPY accounts ./accounts
COPY exchange ./exchange
ENV CONFER_DATA=/var/lib/confer CONFER_STATIC=/srv/confer/static PYTHONUNBUFFERED=1
RUN CONFER_DATA=/tmp/build python manage.py collectstatic --no-input -v0 && rm -rf /tmp/build
USER confer
VOLUME /var/lib/confer
EXPOSE 8000
CMD ["gunicorn", "-c", "python:exchange.management.webserver", "--bind", "0.0.0.0:8000", "exchange.wsgi"]
