@buying
Feature: The price that the buyer agreed to
  A buyer who was shown another total is asked again.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 2 "shirt" in her cart

  Scenario: As shown
    When ann checks out expecting 39.80 EUR
    Then ann's order is placed

  Scenario: Dearer meanwhile
    When the merchant sets the price of "shirt" to 24.90 EUR
    And ann checks out expecting 39.80 EUR
    Then ann is told price_changed with a total of 49.80 EUR
    And ann's cart is open
    And nobody without an order was charged
    When ann checks out expecting 49.80 EUR
    Then ann's order is placed

  Scenario: Cheaper meanwhile, and asked again all the same
    When the merchant sets the price of "shirt" to 14.90 EUR
    And ann checks out expecting 39.80 EUR
    Then ann is told price_changed with a total of 29.80 EUR

  Scenario: Expected in another currency
    When ann checks out expecting 39.80 USD
    Then ann is told currency_mismatch

  Scenario: Nothing expected, so it costs what it costs
    When the merchant sets the price of "shirt" to 24.90 EUR
    And ann checks out
    Then ann's order comes to 49.80 EUR
