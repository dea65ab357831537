@buying
Feature: Money given back
  Never more than was taken, whatever is asked for and however often.

  Background:
    Given a product "shirt" at 20.00 EUR with stock 10
    And ann has 2 "shirt" in her cart
    And ann checks out

  Scenario: Some of it
    When the merchant refunds 15.00 EUR of ann's order
    Then ann was given back 15.00 EUR

  Scenario: No more than all of it
    When the merchant refunds 15.00 EUR of ann's order
    And the merchant refunds 25.00 EUR of ann's order
    Then ann was given back 40.00 EUR
    When the merchant refunds 0.01 EUR of ann's order
    Then the merchant is told amount_too_large
    And ann was given back 40.00 EUR

  Scenario: Nothing, or less than nothing
    When the merchant refunds 0.00 EUR of ann's order
    Then the merchant is told validation_failed at "/amount/amount"
    When the merchant refunds -5.00 EUR of ann's order
    Then the merchant is told validation_failed at "/amount/amount"
    And ann was given back 0.00 EUR

  Scenario: Asked twice with one key
    When the merchant refunds 15.00 EUR of ann's order twice with the same key
    Then ann was given back 15.00 EUR

  Scenario: In another currency
    When the merchant refunds 15.00 USD of ann's order
    Then the merchant is told currency_mismatch
    And ann was given back 0.00 EUR

  Scenario: After some was given back, calling it off gives back the rest
    When the merchant refunds 15.00 EUR of ann's order
    And ann cancels her order
    Then ann's order is cancelled
    And ann was given back 40.00 EUR
