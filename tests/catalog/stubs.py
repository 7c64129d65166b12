"""Clients whose answers are given beforehand and checked against botocore's models of the services."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager

import botocore.session
from botocore.stub import Stubber


class StubbedClients:
    """Gives one stubbed client per service; every answer must fit the model of its operation."""

    def __init__(self):
        self._session = botocore.session.Session()
        self._clients = {}
        self.stubs = {}
        self.regions = defaultdict(list)

    def region(self, configured):
        """The configured region, or ``us-east-1``."""
        return configured or "us-east-1"

    def client(self, service, region):
        """The stubbed client, whatever the region."""
        self.regions[service].append(region)
        if service not in self._clients:
            client = self._session.create_client(
                service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
            )
            self._clients[service] = client
            self.stubs[service] = Stubber(client)
            self.stubs[service].activate()
        return self._clients[service]

    def answer(self, service, operation, answer, asked=None):
        """The next answer of an operation; refused here if it does not fit the service's model."""
        self.client(service, None)
        self.stubs[service].add_response(operation, answer, asked)

    def refuse(self, service, operation, code):
        """The next answer is an error."""
        self.client(service, None)
        self.stubs[service].add_client_error(operation, code, "no", 400)


@contextmanager
def stubbed():
    """Stubbed clients; at the end every answer must have been asked for."""
    clients = StubbedClients()
    yield clients
    for stub in clients.stubs.values():
        stub.assert_no_pending_responses()
