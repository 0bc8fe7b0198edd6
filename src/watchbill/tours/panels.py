"""What tours show elsewhere: a button on a component's page."""

from watchbill.catalog.panels import offer

offer("tours.start_walk", "Take the tour", order=60)
