"""Addresses of the mechanism: pages, and the API over it."""

from django.urls import path

from watchbill.acts import rest, web

app_name = "acts"
urlpatterns = [
    path("do/<str:name>", web.do, name="do"),
    path("asks", web.asks, name="asks"),
    path("asks/<int:number>/answer", web.answer, name="answer"),
    path("api/v1/openapi.json", rest.openapi, name="openapi"),
    path("api/v1/acts", rest.kinds, name="rest-kinds"),
    path("api/v1/acts/<str:name>", rest.do, name="rest-do"),
    path("api/v1/may", rest.may, name="rest-may"),
    path("api/v1/asks", rest.asks, name="rest-asks"),
    path("api/v1/asks/<int:number>/answer", rest.answer, name="rest-answer"),
    path("api/v1/ledger", rest.ledger, name="rest-ledger"),
    path("api/v1/<slug:collection>", rest.listing, name="rest-list"),
    path("api/v1/<slug:collection>/<str:key>", rest.one, name="rest-one"),
]
