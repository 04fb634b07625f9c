"""A small S3 that believes nobody: every request's signature (SigV4) and payload hash are checked before it is served."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from aiohttp import web

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)


@dataclass
class S3Server:
    """One bucket in memory. ``refuse`` makes every request fail with that status; ``requests`` is the log."""

    bucket: str = "files"
    access_key: str = "AKIATEST"
    secret_key: str = "se/cret+key"
    objects: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    refuse: int | None = None

    def app(self) -> web.Application:
        """To be served by aiohttp's test server."""
        app = web.Application(client_max_size=1024**3)
        app.router.add_route("*", "/{bucket}/{key:.*}", self._serve)
        app.router.add_route("*", "/{bucket}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(f"{request.method} {request.raw_path}")
        if self.refuse is not None:
            return _error(self.refuse, "InternalError")
        if not self._signed(request, body):
            self.unsigned.append(request.raw_path)
            return _error(403, "SignatureDoesNotMatch")
        if request.match_info["bucket"] != self.bucket:
            return _error(404, "NoSuchBucket")
        return self._answer(request, request.match_info.get("key", ""), body)

    def _answer(self, request: web.Request, key: str, body: bytes) -> web.Response:
        match request.method, set(request.query):
            case "PUT", names if "uploadId" in names:
                return self._part(request, body)
            case "PUT", _:
                self.objects[key] = body
                return web.Response(headers={"ETag": _etag(body)})
            case "POST", names if "uploads" in names:
                return self._begin(key)
            case "POST", names if "uploadId" in names:
                return self._complete(request, key)
            case "POST", names if "delete" in names:
                return self._delete_many(body)
            case "DELETE", _:
                self.objects.pop(key, None)
                return web.Response(status=204)
            case (("GET" | "HEAD"), _) if key in self.objects:
                return self._get(request, self.objects[key])
        return _error(404, "NoSuchKey")

    def _get(self, request: web.Request, content: bytes) -> web.Response:
        headers = {"ETag": _etag(content), "Last-Modified": "Sat, 21 Nov 2026 04:00:00 GMT"}
        if request.method == "HEAD":
            return web.Response(headers={**headers, "Content-Length": str(len(content))})
        return web.Response(body=content, headers=headers)

    def _begin(self, key: str) -> web.Response:
        upload = hashlib.sha256(f"{key}{len(self.parts)}".encode()).hexdigest()[:16]
        self.parts[upload] = {}
        return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")

    def _part(self, request: web.Request, body: bytes) -> web.Response:
        self.parts[request.query["uploadId"]][int(request.query["partNumber"])] = body
        return web.Response(headers={"ETag": _etag(body)})

    def _complete(self, request: web.Request, key: str) -> web.Response:
        parts = self.parts.pop(request.query["uploadId"])
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        etag = escape(_etag(self.objects[key]))
        return _xml(f"<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>")

    def _delete_many(self, body: bytes) -> web.Response:
        keys = re.findall(r"<Key>([^<]*)</Key>", body.decode())
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return _xml(f"<DeleteResult>{deleted}</DeleteResult>")

    def _signed(self, request: web.Request, body: bytes) -> bool:
        """AWS Signature Version 4, as its documentation describes it."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        payload = request.headers.get("x-amz-content-sha256", "")
        if found is None or payload not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        access_key, day, region, names, signature = found.groups()
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names.split(";")):
            return False
        canonical = self._canonical(request, names, payload)
        stamp = request.headers["x-amz-date"]
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/s3/aws4_request\n{hashlib.sha256(canonical).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for step in (day, region, "s3", "aws4_request", text):
            key = hmac.digest(key, step.encode(), "sha256")
        return access_key == self.access_key and hmac.compare_digest(key.hex(), signature)

    @staticmethod
    def _canonical(request: web.Request, names: str, payload: str) -> bytes:
        path, _, raw_query = request.raw_path.partition("?")
        query = sorted(parse_qsl(raw_query, keep_blank_values=True))
        written = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
        headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names.split(";"))
        return "\n".join((request.method, path, written, headers, names, payload)).encode()


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _xml(body: str) -> web.Response:
    return web.Response(text=f'<?xml version="1.0" encoding="UTF-8"?>{body}', content_type="application/xml")


def _error(status: int, code: str) -> web.Response:
    arguments: dict[str, Any] = {"status": status, "content_type": "application/xml"}
    return web.Response(text=f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", **arguments)
